"use strict";
/*
 * The server writes the table; this script keeps it up to date.  One tab of the browser has a stream
 * from the server (v1/page) and passes each event on to the other tabs, because a browser opens only
 * six connections to one server.  Rows arrive as HTML that the server has escaped, the same as in
 * the page itself, and only the nodes that differ are changed.
 */
/* If a proxy serves the page at a sub-path without the slash at the end, relative links are
 * wrong. */
if (!location.pathname.endsWith("/") && location.protocol !== "file:")
	location.replace(location.pathname + "/" + location.search);

/* The address without its user and password, if any, because fetch refuses them. */
const base = location.origin + location.pathname.replace(/\/?$/, "/");
const byId = (id) => document.getElementById(id);
const body = byId("rows"), find = byId("find"), link = byId("link"), only = document.body.dataset.only;
const icon = document.querySelector("link[rel=icon]"), title = document.title;
const colours = { ok: "2e9e5b", warn: "d98e04", bad: "d3302f", unknown: "7a87a3", none: "7a87a3" };

function put(element, text) {
	if (element.textContent !== text) element.textContent = text;
}

/* --- times: words for people, in their zone ---------------------------------------------------- */

function span(seconds) {
	const s = Math.max(0, Math.floor(seconds)), m = Math.floor(s / 60), h = Math.floor(m / 60);
	if (s < 60) return s + " s";
	if (m < 60) return m + " min";
	if (h < 48) return h + " h " + (m % 60) + " min";
	return Math.floor(h / 24) + " d";
}
const clock = new Intl.DateTimeFormat(undefined,
	{ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZoneName: "short" });
const day = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });
function local(when) {
	const date = day.format(when);
	return (date === day.format(new Date()) ? "" : date + ", ") + clock.format(when);
}
const ways = {
	ago: (s) => span(s) + " ago",
	at: (s, when) => local(when),
	for: (s) => "for " + span(s),
	in: (s) => s >= 0 ? "now" : "in " + span(-s),
	length: (s) => span(s),
	until: (s, when) => "until " + local(when) + (s >= 0 ? "" : " (" + span(-s) + " more)"),
};
function showTimes(root) {
	for (const time of root.querySelectorAll("time[data-way]")) {
		const when = new Date(time.dateTime);
		put(time, ways[time.dataset.way]((Date.now() - when) / 1000, when));
		if (time.title.endsWith("UTC")) time.title = day.format(when) + ", " + clock.format(when);
	}
}

/* --- rows -------------------------------------------------------------------------------------- */

const rows = new Map(Array.from(body.querySelectorAll("tr[data-name]"), (tr) => [tr.dataset.name, tr]));
const detailOf = (tr) => tr.nextElementSibling?.classList.contains("detail") ? tr.nextElementSibling : null;

function parse(html) {
	const template = document.createElement("template");
	template.innerHTML = html;
	showTimes(template.content);
	return template.content;
}
/* Makes a node equal to another one, and changes only what differs. */
function morph(node, like) {
	if (node.isEqualNode(like)) return;
	if (node.nodeName !== like.nodeName || node.nodeType !== Node.ELEMENT_NODE) {
		node.replaceWith(like);
		return;
	}
	for (const { name } of Array.from(node.attributes)) if (!like.hasAttribute(name)) node.removeAttribute(name);
	for (const { name, value } of like.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
	const fresh = Array.from(like.childNodes);
	for (const child of Array.from(node.childNodes).slice(fresh.length)) child.remove();
	fresh.forEach((child, i) => node.childNodes[i] ? morph(node.childNodes[i], child) : node.append(child));
}
function place(tr) {
	const detail = detailOf(tr);
	let before = null;
	for (const other of body.children)
		if (other !== tr && other.dataset.order > tr.dataset.order) { before = other; break; }
	body.insertBefore(tr, before);
	if (detail) tr.after(detail);
}
function showRow(name, html) {
	if (only && name !== only) return;
	const fresh = parse(html).firstElementChild, known = rows.get(name);
	if (!known) {
		rows.set(name, fresh);
		place(fresh);
	} else {
		const moved = known.dataset.order !== fresh.dataset.order;
		const open = known.querySelector("a")?.getAttribute("aria-expanded");
		if (open) fresh.querySelector("a").setAttribute("aria-expanded", open);
		if (complete && known.dataset.tone !== fresh.dataset.tone)
			put(byId("news"), name + ": " + fresh.querySelector(".health").textContent);
		fresh.hidden = known.hidden;
		morph(known, fresh);
		if (moved) place(known);
		if (open === "true") readDetail(name);
	}
	filter(rows.get(name));
}
function dropRow(name) {
	const tr = rows.get(name);
	if (!tr) return;
	detailOf(tr)?.remove();
	tr.remove();
	rows.delete(name);
	countShown();
}
function showHead(html) {
	morph(byId("head"), parse(html).firstElementChild);
	showSum();
}
function showSum() {
	const { tone, troubled } = byId("head").dataset;
	const lost = document.body.classList.contains("lost");
	document.title = (lost ? "(?) " : troubled !== "0" ? "(" + troubled + ") " : "") + title;
	const href = icon.href.replace(/%23[0-9a-f]{6}/, "%23" + (lost ? "808080" : colours[tone]));
	if (icon.href !== href) icon.href = href;
}

/* --- opened rows ------------------------------------------------------------------------------- */

const reading = new Set();

async function readDetail(name) {
	if (reading.has(name) || document.hidden) return;
	reading.add(name);
	try {
		const answer = await fetch(base + "?daemon=" + encodeURIComponent(name) + "&part=1", { cache: "no-store" });
		if (answer.ok) showDetail(name, parse(await answer.text()).querySelector("tr.detail"));
	} catch (error) {
		/* The stream says that the connection is lost. */
	}
	reading.delete(name);
}
function showDetail(name, fresh) {
	const tr = rows.get(name), link = tr?.querySelector("a");
	if (!link || link.getAttribute("aria-expanded") !== "true") return;
	const known = detailOf(tr);
	fresh.hidden = tr.hidden;
	if (known) morph(known, fresh);
	else tr.after(fresh);
}
function toggle(tr) {
	const link = tr.querySelector("a"), open = link.getAttribute("aria-expanded") === "true";
	link.setAttribute("aria-expanded", String(!open));
	if (open) detailOf(tr)?.remove();
	else readDetail(tr.dataset.name);
}
body.addEventListener("click", (event) => {
	const tr = event.target.closest("tr[data-name]"), a = event.target.closest("a");
	if (!tr || !tr.querySelector("a") || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
	if (!a && String(getSelection())) return; /* text is being selected */
	event.preventDefault();
	toggle(tr);
});

/* --- find by name ------------------------------------------------------------------------------ */

function filter(tr) {
	const wanted = find.value.trim().toLowerCase();
	const shown = tr.dataset.name.startsWith("(") || tr.querySelector(".daemon").textContent.toLowerCase().includes(wanted);
	if (tr.hidden === shown) tr.hidden = !shown;
	const detail = detailOf(tr);
	if (detail) detail.hidden = !shown;
}
function countShown() {
	const shown = Array.from(rows.values()).some((tr) => !tr.hidden && !tr.dataset.name.startsWith("("));
	byId("none").hidden = shown || !find.value;
}
function filterAll() {
	rows.forEach(filter);
	countShown();
}
const links = () => Array.from(body.querySelectorAll("tr[data-name]:not([hidden]) a"));
find.addEventListener("input", filterAll);
byId("search").addEventListener("submit", (event) => {
	event.preventDefault();
	const first = links()[0];
	if (!first) return;
	if (first.getAttribute("aria-expanded") !== "true") toggle(first.closest("tr"));
	first.focus();
});
document.addEventListener("keydown", (event) => {
	if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
	const at = links().indexOf(document.activeElement);
	if (event.key === "/" && event.target !== find) {
		find.focus();
		find.select();
	} else if (event.key === "Escape" && (event.target === find || find.value)) {
		find.value = "";
		filterAll();
		find.blur();
	} else if (event.key === "ArrowDown" && (at >= 0 || event.target === find)) {
		links()[at + 1]?.focus();
	} else if (event.key === "ArrowUp" && at >= 0) {
		(links()[at - 1] || find).focus();
	} else {
		return;
	}
	event.preventDefault();
});

/* --- whether it is live ------------------------------------------------------------------------ */

let beat = 5000;            /* between two heartbeats of the server, in ms */
let heard = Date.now();     /* when the last event arrived; at first, when the page was loaded */
let down = false;           /* the connection is known to be lost */
let complete = false;       /* every row is as the server has it */
const late = (since) => Date.now() - since > 2 * beat + 1000;

function showLink() {
	const lost = down || late(heard);
	document.body.classList.toggle("lost", lost);
	byId("lost").hidden = !lost;
	if (lost) {
		put(byId("lost-since"), local(new Date(heard)));
		put(byId("lost-ago"), " (" + span((Date.now() - heard) / 1000) + " ago)");
	}
	link.className = lost ? "lost" : complete ? "live" : "";
	put(link, lost ? "not live" : complete ? "live" : "connecting");
	showSum();
}

/* --- events of the server ---------------------------------------------------------------------- */

let kept = new Map(); /* in the tab that has the stream: the HTML of each row, for tabs that are opened later */

const events = {
	hello: (data) => {
		/* vigil has another version now.  A page that is new is not loaded again, in case
		 * two versions answer. */
		if (String(data.page) !== document.body.dataset.page && performance.now() > 10000) location.reload();
		beat = data.heartbeat * 1000;
		complete = false;
	},
	head: (data) => showHead(data.html),
	row: (data) => showRow(data.name, data.html),
	gone: (data) => dropRow(data.name),
	all: (data) => {
		const names = new Set(data.names);
		for (const name of Array.from(rows.keys())) if (!names.has(name)) dropRow(name);
		complete = true;
		showTimes(document);
	},
	beat: () => {
		for (const a of links()) if (a.getAttribute("aria-expanded") === "true") readDetail(a.closest("tr").dataset.name);
	},
};
function take(type, data) {
	heard = Date.now();
	down = false;
	events[type](data);
	if (type !== "row" && type !== "gone") showLink();
}

/* --- one stream for all tabs ------------------------------------------------------------------- */

/*
 * The tab that has the stream is the leader; it passes the events on over the channel.  A leader
 * that closes sends a message; one that has sent nothing for two heartbeats is replaced.  If two
 * tabs lead, the one that is visible stays, or else the one with the smaller number; so a tab in
 * the foreground, which no browser slows down, takes over from one in the background.
 */
const channel = window.BroadcastChannel ? new BroadcastChannel("vigil " + location.pathname) : null;
const me = crypto.getRandomValues(new Uint32Array(1))[0];
let leader = null, leaderHeard = 0, source = null, opened = 0, claiming = 0;
const joining = new Set();

function post(type, more) {
	if (channel) channel.postMessage({ type, from: me, visible: !document.hidden, ...more });
}
function shut() {
	if (source) source.close();
	source = null;
}
function open() {
	shut();
	opened = Date.now();
	kept = new Map();
	source = new EventSource(base + "v1/page");
	for (const type of Object.keys(events)) source.addEventListener(type, (event) => {
		const data = JSON.parse(event.data);
		opened = Date.now();
		if (type === "head" || type === "row") kept.set(data.name, { type, data });
		if (type === "gone") kept.delete(data.name);
		post("news", { event: type, data });
		take(type, data);
		if (type === "all") { for (const to of joining) sendAll(to); joining.clear(); }
	});
	source.onerror = () => {
		down = true;
		post("down", { heard });
		showLink();
		/* A refusal is final for an EventSource. */
		if (source && source.readyState === EventSource.CLOSED) shut();
	};
}
function sendAll(to) {
	post("all", { to, heard, beat, events: Array.from(kept.values()), names: Array.from(kept.keys()).filter(Boolean) });
}
function lead() {
	clearTimeout(claiming);
	claiming = 0;
	leader = me;
	post("lead");
	open();
}
function claim(delay) {
	if (!claiming) claiming = setTimeout(() => { claiming = 0; if (leader === null) lead(); }, delay);
}
function follow(message) {
	clearTimeout(claiming);
	claiming = 0;
	leader = message.from;
	leaderHeard = Date.now();
	shut();
}
/* Whether the sender of a message is to lead instead of this tab. */
function yields(message) {
	const visible = !document.hidden;
	return visible !== message.visible ? message.visible : message.from < me;
}
const messages = {
	join: (m) => {
		if (leader !== me) return;
		post("lead");
		if (complete && !down) sendAll(m.from);
		else joining.add(m.from);
	},
	bye: (m) => { if (m.from === leader) { leader = null; claim((document.hidden ? 500 : 0) + Math.random() * 200); } },
	lead: () => {},
	down: (m) => { down = true; heard = Math.max(m.heard, 0); showLink(); },
	news: (m) => take(m.event, m.data),
	all: (m) => {
		if (m.to !== me) return;
		beat = m.beat;
		for (const { type, data } of m.events) events[type](data);
		take("all", { names: m.names });
		heard = m.heard;
		showLink();
	},
};
function onMessage({ data: message }) {
	if (message.type === "join" || message.type === "bye") return messages[message.type](message);
	if (leader === me || (!document.hidden && !message.visible)) {
		if (!yields(message)) { /* it gets this message, and closes its own stream */
			if (leader === me) post("lead");
			else lead();
			return;
		}
	}
	const another = leader !== message.from;
	follow(message);
	messages[message.type](message);
	if (another && !complete && message.type !== "all") post("join");
}
function join() {
	leader = null;
	post("join");
	claim(channel ? 300 : 0);
}
function look() {
	if (leader === me) {
		const silent = source ? late(heard) && late(opened) : Date.now() - opened > 3000;
		if (!channel && document.hidden) { shut(); opened = 0; } /* each tab has a stream of its own */
		else if (silent) open();
		if (down || late(heard)) post("down", { heard });
	} else if (leader !== null && late(leaderHeard)) {
		leader = null;
		claim(Math.random() * 1000);
	}
	showLink();
}
function leave() {
	if (leader === me) post("bye");
	leader = null;
	shut();
}
if (channel) channel.onmessage = onMessage;
addEventListener("pagehide", leave);
document.addEventListener("resume", join); /* it was frozen, and has missed events */
addEventListener("pageshow", (event) => { if (event.persisted) join(); });
document.addEventListener("visibilitychange", () => {
	if (document.hidden) return;
	look();
	showTimes(document);
});
setInterval(look, 1000);
setInterval(() => { if (!document.hidden) showTimes(document); }, 1000);
document.body.classList.add("script");
showTimes(document);
filterAll();
join();
