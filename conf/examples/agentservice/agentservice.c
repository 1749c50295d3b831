/* agentservice: keeps the Icinga 2 agent running. */
#include <vigil/vigil.h>

struct watch {
	vigil_service *service;
	long errors; /* failed restarts in a row */
};

static void on_restarted(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	vigil_daemon *d = vigil_service_daemon(svc);
	struct watch *w = arg;

	w->errors = r->error ? w->errors + 1 : 0;
	vigil_state_set(d, "service_state/restart_error", json_integer(w->errors));
}

static void on_status(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	vigil_daemon *d = vigil_service_daemon(svc);

	if (r->status == VIGIL_SERVICE_ABSENT)
		return; /* not installed: nothing to write, nothing to restart */
	vigil_state_set(
		d, "service_state/value", json_string(vigil_service_status_name(r->status)));
	vigil_health(d, r->status == VIGIL_SERVICE_RUNNING ? VIGIL_OK : VIGIL_CRITICAL, "%s is %s",
		r->name, vigil_service_status_name(r->status));
	if (vigil_service_is_down(r->status)) /* never on "unknown": a hung manager is no reason */
		vigil_service_restart(svc, on_restarted, arg);
}

static void look(vigil_daemon *d, void *arg)
{
	struct watch *w = arg;

	(void)d;
	vigil_service_query(w->service, on_status, w);
}

static int start(vigil_daemon *d)
{
	struct watch *w = vigil_alloc(d, sizeof *w); /* zeroed; freed with the daemon */

	w->service = vigil_service_open(d, &(vigil_service_spec){.size = sizeof(vigil_service_spec),
						   .name = vigil_option_text(d, "service")});
	return vigil_every(d, vigil_option_seconds(d, "interval"), look, w);
}

static const vigil_option options[] = {
	VIGIL_OPTION("service", VIGIL_TEXT, "icinga2", "the service to keep running"),
	VIGIL_OPTION("interval", VIGIL_DURATION, "5s", "time between two looks"), VIGIL_OPTION_END};

VIGIL_MODULE(.name = "agentservice", .summary = "keeps the Icinga 2 agent running",
	.options = options, .start = start);
