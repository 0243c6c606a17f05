// Runs the sum in a worker, says how it goes, and sends the form when it is done.
"use strict";

const form = document.getElementById("challenge");
const status = document.getElementById("status");
const progress = document.getElementById("progress");
const retry = document.getElementById("retry");

function failed(reason) {
  status.textContent = reason;
  retry.hidden = false;
}

function start() {
  status.textContent = "Working on the sum. This takes a few seconds.";
  progress.hidden = false;
  retry.hidden = true;
  let worker;
  try {
    worker = new Worker("/_infinite/challenge-worker.js");
  } catch {
    return failed("This browser could not begin the sum. Try again, or use another browser.");
  }
  worker.addEventListener("error", () => failed("The sum broke off. Try again."));
  worker.addEventListener("message", ({ data }) => {
    progress.value = data.share * 100;
    if (data.number === undefined) return;
    worker.terminate();
    status.textContent = "Done. Taking you on.";
    form.elements.number.value = data.number;
    form.submit();
  });
  worker.postMessage({ puzzle: form.elements.puzzle.value, difficulty: Number(form.dataset.difficulty) });
}

// Without these elements another question is asked, which needs nothing from here.
if (form && status && progress && retry) {
  // A puzzle is good for one try: a page that comes back from the browser's memory asks for a new one.
  retry.addEventListener("click", () => location.reload());
  addEventListener("pageshow", (shown) => shown.persisted && location.reload());
  start();
}
