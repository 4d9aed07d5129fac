// An invitation stands behind the # of its link. Take it out of the address, so that it stays in no history, and send it.
const token = decodeURIComponent(location.hash.slice(1));
if (token) {
  history.replaceState(null, "", location.pathname);
  document.querySelector("#token").value = token;
  document.querySelector("#enter").submit();
}
