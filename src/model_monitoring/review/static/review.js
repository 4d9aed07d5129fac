// The work on a task by keyboard, and the draft that is kept while it is being filled in.
const form = document.querySelector("#work");
const bar = form.querySelector(":scope > .bar"); // a template may use any id or class, but only below its own part
const state = bar.querySelector(".state");
const send = bar.querySelector("button");
const QUIET = 600; // milliseconds after the last key until the draft is sent

// --- keys: a digit chooses in the group where the focus is, else in the first open one; Enter goes on to the next open
// one, at the end to the button; Ctrl+Enter sends
const choices = () => [...form.querySelectorAll("input[type=radio], input[type=checkbox]")];
const group = (name) => choices().filter((choice) => choice.name === name);
const isOpen = (choice) => choice.type === "radio" && !group(choice.name).some((one) => one.checked);

function groupInTurn() {
  const focused = document.activeElement;
  const turn = choices().includes(focused) ? focused : choices().find(isOpen) ?? choices()[0];
  return turn ? group(turn.name) : [];
}

function go(to) {
  to.focus({ preventScroll: true });
  (to.closest("section, tr, fieldset") ?? to).scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("textarea, select, button, a, summary, input:not([type=radio], [type=checkbox])");
  const withControl = event.ctrlKey || event.metaKey;
  if (event.key === "Enter" && withControl) {
    event.preventDefault();
    if (!send.disabled) form.requestSubmit(send);
  } else if (event.key === "Enter" && !typing) {
    event.preventDefault();
    go(choices().find(isOpen) ?? send);
  } else if (/^[1-9]$/.test(event.key) && !typing && !withControl && !event.altKey) {
    const choice = groupInTurn()[event.key - 1];
    if (!choice) return;
    event.preventDefault();
    go(choice);
    choice.click();
  }
});

// --- the draft: after a pause, on leaving a field, on leaving the page
let timer = null, changed = false, sending = false, stopped = false, underWay = new AbortController();

function saveSoon() {
  changed = true;
  clearTimeout(timer);
  timer = setTimeout(save, QUIET);
}

async function save() {
  clearTimeout(timer);
  if (!changed || sending || stopped) return;
  changed = false;
  const body = new URLSearchParams(new FormData(form));
  underWay = new AbortController();
  try {
    // keepalive lets the request outlive the page; browsers allow it for small bodies
    const answer = await fetch(form.dataset.draft, {
      method: "POST", body, signal: underWay.signal, keepalive: body.toString().length < 60000,
    });
    if (answer.status >= 500) throw new Error("the server failed");
    const said = answer.status === 401
      ? "Your session has ended: open your invitation in another tab; what you typed stays here."
      : await answer.text();
    stopped = !answer.ok;
    tell(said, stopped);
  } catch {
    if (sending) return;
    changed = true;
    tell("The draft can't be kept at the moment; trying again.", true);
    timer = setTimeout(save, 5000);
  }
}

function tell(text, isProblem) {
  state.textContent = text;
  state.classList.toggle("problem", isProblem);
}

form.addEventListener("input", saveSoon);
form.addEventListener("focusout", save);
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });

// --- sending: once, and no draft after it; the button comes back when the browser comes back to this page
form.addEventListener("submit", () => {
  sending = true;
  underWay.abort();
  send.disabled = true;
});
window.addEventListener("pageshow", () => {
  sending = false;
  send.disabled = false;
});

// --- where to begin: at the first missing answer, if the last attempt left one
const [lacking] = JSON.parse(form.dataset.lacking);
if (lacking) [...form.elements].find((control) => control.name === lacking)?.focus();
