// An invitation stands behind the # of its link. Take it out of the address, so that it stays in no history, and send it.
function enter() {
  const token = decodeURIComponent(location.hash.slice(1));
  if (!token) return;
  history.replaceState(null, "", location.pathname);
  document.querySelector("#token").value = token;
  document.querySelector("#enter").submit();
}
enter();
addEventListener("hashchange", enter); // the link was opened in a tab that shows this page already: nothing is loaded
