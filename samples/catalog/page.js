// What only the browser does: a click on a value or a number sets its field, and any change but that of the page begins at the first page again.
// Each change of a field is an `input` event of the form, and its handler `look` runs on the server.

document.addEventListener('DOMContentLoaded', function () {
  var form = document.getElementById('form');
  var tell = function () { form.dispatchEvent(new Event('input', { bubbles: true })); };

  form.addEventListener('submit', function (event) { event.preventDefault(); });
  form.addEventListener('input', function (event) {
    if (event.target !== form) document.getElementById('page').value = '1';
    document.getElementById('range').hidden = document.getElementById('bounded').value === '';
  }, true);
  document.addEventListener('click', function (event) {
    var button = event.target.closest('button[data-column]');
    if (!button) return;
    document.getElementById('page').value = '1';
    document.getElementById(button.dataset.column).value = button.dataset.value;
    if (button.dataset.column === 'page') window.scrollTo(0, 0);
    tell();
  });

  var words = new URLSearchParams(location.search).get('q');
  if (words) document.getElementById('words').value = words;
  tell();
});
