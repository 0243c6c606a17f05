// The live page. Everything an attacker could have written goes into the page by textContent only.
// Every list has a maximum, so a page left open for a week holds no more than one opened a minute ago.

const LIMITS = { requests: 200, steps: 12, incidents: 30, decisions: 50, intruders: 24, seconds: 120 };
const STOPPED = new Set(["blocked", "banned", "throttled", "diverted", "challenged"]);

const $ = (id) => document.getElementById(id);
const text = (value) => (value === undefined || value === null || value === "" ? "–" : String(value));
const clock = (moment) => {
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? "–" : date.toLocaleTimeString(undefined, { hour12: false });
};

function element(name, className, content) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (content !== undefined) node.textContent = text(content);
  return node;
}

const known = new Set(["passed", "observed", "blocked", "banned", "throttled", "diverted", "challenged", "failed",
  "low", "medium", "high", "critical"]);
const tag = (word) => element("span", `tag ${known.has(word) ? word : ""}`, word);

function prepend(list, node, maximum, emptyNote) {
  list.prepend(node);
  while (list.children.length > maximum) list.lastElementChild.remove();
  if (emptyNote) emptyNote.hidden = true;
}

// MARK: The feed of requests

let stoppedSinceOpened = 0;

function showRequest(event) {
  const stopped = STOPPED.has(event.outcome);
  if (stopped) $("blocked").textContent = (stoppedSinceOpened += 1).toLocaleString();
  const row = element("tr", "fresh");
  row.dataset.stopped = String(stopped);
  row.hidden = $("only-attacks").checked && !stopped;
  row.append(element("td", "when", clock(event.at)), element("td", "client", event.client),
    element("td", "", `${text(event.method)} ${text(event.path)}`), element("td"), element("td", "", why(event)));
  row.children[3].append(tag(text(event.outcome)));
  row.title = `request ${text(event.id)} to ${text(event.host)}, status ${text(event.status)}`;
  prepend($("requests"), row, LIMITS.requests, row.hidden ? null : $("requests-empty"));
}

function why(event) {
  const rules = Array.isArray(event.rules) ? event.rules.join(" ") : "";
  const score = typeof event.score === "number" && event.score > 0 ? event.score.toFixed(2) : "";
  return [score, rules].filter(Boolean).join("  ") || "";
}

$("only-attacks").addEventListener("change", (change) => {
  for (const row of $("requests").children) row.hidden = change.target.checked && row.dataset.stopped !== "true";
});

// MARK: The pulse

const pulse = [];

function showTick(event) {
  pulse.push({ total: event.total ?? 0, stopped: (event.blocked ?? 0) + (event.diverted ?? 0) });
  if (pulse.length > LIMITS.seconds) pulse.shift();
  $("rate").textContent = (event.total ?? 0).toLocaleString();
  $("p99").textContent = typeof event.p99_ms === "number" ? event.p99_ms.toFixed(1) : "–";
  drawPulse();
}

function drawPulse() {
  const canvas = $("pulse");
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const highest = Math.max(10, ...pulse.map((second) => second.total));
  const width = canvas.width / LIMITS.seconds;
  context.clearRect(0, 0, canvas.width, canvas.height);
  pulse.forEach((second, index) => {
    const left = canvas.width - (pulse.length - index) * width;
    const bar = (count, colour) => {
      const height = (count / highest) * (canvas.height - 4);
      context.fillStyle = colour;
      context.fillRect(left, canvas.height - height, Math.max(1, width - 1), height);
    };
    bar(second.total, style.getPropertyValue("--edge"));
    bar(second.stopped, style.getPropertyValue("--bad"));
  });
}

// MARK: The labyrinth

const intruders = new Map(); // by identifier, oldest first

function showStep(event) {
  const name = text(event.intruder);
  const seen = intruders.get(name);
  intruders.delete(name);
  intruders.set(name, { depth: Number(event.depth) || 0, client: text(event.client), trap: text(event.trap), turns: seen?.turns ?? [] });
  intruders.get(name).turns.push(turnOf(text(event.path)));
  if (intruders.get(name).turns.length > 40) intruders.get(name).turns.shift();
  while (intruders.size > LIMITS.intruders) intruders.delete(intruders.keys().next().value);
  $("trapped").textContent = String(intruders.size);
  const line = element("li", "fresh", `${clock(event.at)}  ${text(event.client)}  depth ${text(event.depth)}  ${text(event.path)}`);
  prepend($("steps"), line, LIMITS.steps, $("steps-empty"));
  drawMaze();
}

// A page always bends the way in the same direction, so the same walk draws the same line.
function turnOf(path) {
  let sum = 7;
  for (const character of path) sum = (sum * 31 + character.codePointAt(0)) % 9973;
  return (sum / 9973 - 0.5) * 1.6;
}

function drawMaze() {
  const canvas = $("maze");
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const centre = { x: canvas.width / 2, y: canvas.height / 2 };
  context.strokeStyle = style.getPropertyValue("--edge");
  for (let ring = 1; ring <= 6; ring += 1) {
    context.beginPath();
    context.arc(centre.x, centre.y, ring * 28, ring * 0.9, ring * 0.9 + Math.PI * 1.7);
    context.stroke();
  }
  let index = 0;
  for (const intruder of intruders.values()) {
    let angle = (index * Math.PI * 2) / LIMITS.intruders;
    let radius = 172;
    context.strokeStyle = style.getPropertyValue("--lure");
    context.beginPath();
    context.moveTo(centre.x + Math.cos(angle) * radius, centre.y + Math.sin(angle) * radius);
    for (const turn of intruder.turns) {
      angle += turn * 0.5;
      radius = Math.max(14, radius * 0.94);
      context.lineTo(centre.x + Math.cos(angle) * radius, centre.y + Math.sin(angle) * radius);
    }
    context.stroke();
    const spot = { x: centre.x + Math.cos(angle) * radius, y: centre.y + Math.sin(angle) * radius };
    context.fillStyle = style.getPropertyValue("--lure");
    context.beginPath();
    context.arc(spot.x, spot.y, 4, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = style.getPropertyValue("--soft");
    context.font = "11px monospace";
    context.fillText(`${intruder.client} · ${intruder.depth}`, spot.x + 8, spot.y + 4);
    index += 1;
  }
}

// MARK: Incidents and decisions

const cards = { incidents: new Map(), decisions: new Map() };

function showCard(kind, identifier, build, remove = false) {
  const shown = cards[kind];
  shown.get(identifier)?.remove();
  shown.delete(identifier);
  if (!remove) {
    const card = build();
    shown.set(identifier, card);
    $(kind).prepend(card);
    if (shown.size > LIMITS[kind]) {
      const [oldest, node] = shown.entries().next().value;
      node.remove();
      shown.delete(oldest);
    }
  }
  $(`${kind}-empty`).hidden = shown.size > 0;
}

function showIncident(event) {
  showCard("incidents", text(event.id), () => {
    const card = element("li", "fresh");
    card.append(element("span", "", event.title), tag(text(event.severity)), element("small", "",
      `${clock(event.at)} · ${text(event.client)} · ${text(event.stage)} · ${text(event.technique)} · ${text(event.requests)} requests · ${text(event.state)}`));
    return card;
  });
}

function showDecision(event) {
  const over = event.state === "reverted" || event.state === "expired";
  showCard("decisions", text(event.id), () => {
    const card = element("li", "fresh");
    const revert = element("button", "quiet", "Revert");
    revert.type = "button";
    revert.addEventListener("click", () => revertDecision(event.id, revert));
    card.append(element("span", "", `${text(event.action)} ${text(event.subject)}`), revert,
      element("small", "", `${text(event.reason)} · until ${clock(event.until)} · ${text(event.state)}`));
    return card;
  }, over);
}

async function revertDecision(identifier, button) {
  button.disabled = true;
  const answer = await fetch(`/v1/decisions/${encodeURIComponent(identifier)}/revert`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ reason: "reverted from the live page" }),
  });
  if (!answer.ok) {
    button.disabled = false;
    button.textContent = await problemOf(answer);
  }
}

// MARK: The line to the gateway

const shows = { tick: showTick, request: showRequest, incident: showIncident, decision: showDecision, step: showStep };
let feed = null;

function setLink(state, words) {
  $("lamp").dataset.state = state;
  $("link-text").textContent = words;
}

async function open() {
  const answer = await fetch("live", { method: "HEAD", cache: "no-store" }).catch(() => null);
  if (answer?.status === 401 || answer?.status === 403) return showDoor();
  showBoard();
  feed = new EventSource("live");
  feed.addEventListener("open", () => setLink("live", "live"));
  feed.addEventListener("error", () => {
    setLink("lost", "connection lost, trying again");
    if (feed.readyState === EventSource.CLOSED) window.setTimeout(open, 2000);
  });
  feed.addEventListener("hello", (message) => {
    const event = JSON.parse(message.data);
    $("node").textContent = `${text(event.node)} · ${text(event.version)}`;
  });
  for (const [kind, show] of Object.entries(shows)) {
    feed.addEventListener(kind, (message) => show(JSON.parse(message.data)));
  }
}

function showBoard() {
  $("door").hidden = true;
  $("board").hidden = false;
  $("leave").hidden = false;
}

function showDoor() {
  feed?.close();
  setLink("waiting", "signed out");
  $("board").hidden = true;
  $("leave").hidden = true;
  $("door").hidden = false;
  $("sign-in").elements.username.focus();
}

async function problemOf(answer) {
  const problem = await answer.json().catch(() => ({}));
  return text(problem.detail ?? problem.title ?? `The gateway answered ${answer.status}.`);
}

$("sign-in").addEventListener("submit", async (submit) => {
  submit.preventDefault();
  const form = submit.target.elements;
  $("problem").textContent = "";
  const answer = await fetch("session", {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: form.username.value, password: form.password.value }),
  }).catch(() => null);
  if (answer?.ok) {
    form.password.value = "";
    // Who was sent here to sign in again goes back to where they were, within this site.
    const back = new URLSearchParams(location.search).get("return");
    if (back && /^\/(?![\/\\])[\x21-\x7e]*$/.test(back)) return location.assign(back);
    await open();
  } else {
    $("problem").textContent = answer ? await problemOf(answer) : "The gateway did not answer. Is it running?";
  }
});

$("leave").addEventListener("click", async () => {
  await fetch("session", { method: "DELETE" }).catch(() => null);
  showDoor();
});

open();
