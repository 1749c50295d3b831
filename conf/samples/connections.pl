#!/usr/bin/perl
# connections.pl: reports the TCP connections of the machine and the connections that its servers could
# not accept, as one JSON object per line.
#
# It is for the module exec with `mode = stream`.  If connections were lost because the accept queue of
# a server was full, the health is WARNING and names the listening ports whose queues are full now.
# $| = 1 makes Perl flush each line, because vigild does not see what is still in a buffer.
#
#     connections.pl [SECONDS]
use strict;
use warnings;

$| = 1;
my $every = @ARGV ? $ARGV[0] : 10;
die "connections.pl: invalid time \"$every\"; write it like 10\n" if $every !~ /^[0-9.]+$/ || $every == 0;
my %names = (
	'01' => 'established', '02' => 'syn_sent', '03' => 'syn_received', '04' => 'fin_wait1',
	'05' => 'fin_wait2', '06' => 'time_wait', '07' => 'closed', '08' => 'close_wait', '09' => 'last_ack',
	'0A' => 'listening', '0B' => 'closing');

# Returns the number of connections in each state, and the ports whose accept queue is not empty.
sub connections {
	my %count = map { $_ => 0 } values %names;
	my %waiting;
	for my $file ('/proc/net/tcp', '/proc/net/tcp6') {
		open my $lines, '<', $file or next;    # a kernel without IPv6 has no tcp6
		while (<$lines>) {
			my (undef, $local, undef, $state, $queues) = split;
			next if !exists $names{$state};
			$count{ $names{$state} }++;
			# The receive queue of a listening socket is the number of connections that wait.
			my $queue = hex((split /:/, $queues)[1]);
			$waiting{ hex((split /:/, $local)[1]) } += $queue if $state eq '0A' && $queue > 0;
		}
		close $lines;
	}
	return (\%count, \%waiting);
}

# Returns the number of connections that the kernel has dropped since the boot because an accept queue was
# full, or undef.
sub overflows {
	open my $lines, '<', '/proc/net/netstat' or return undef;
	while (my $head = <$lines>) {
		my $values = <$lines> // last;
		next if $head !~ /^TcpExt:/;
		my %value;
		@value{ split ' ', $head } = split ' ', $values;
		return $value{ListenOverflows};
	}
	return undef;
}

my $before = overflows();
while (1) {
	my ($count, $waiting) = connections();
	my $now = overflows();
	my $lost = defined $now && defined $before ? $now - $before : 0;
	my $state = $lost > 0 ? 'WARNING' : 'OK';
	my $text = "$count->{established} connections, $count->{listening} listening sockets";
	if ($lost > 0) {
		my @ports = sort { $a <=> $b } keys %$waiting;
		$text = "$lost connections were lost because an accept queue was full"
			. (@ports ? '; connections wait at port ' . join(', ', @ports) : '');
	}
	printf "{\"state\": \"%s\", \"output\": \"%s\", \"lost\": %d, \"states\": {%s}}\n", $state, $text, $lost,
		join(', ', map { "\"$_\": $count->{$_}" } sort keys %$count);
	$before = $now;
	select undef, undef, undef, $every;
}
