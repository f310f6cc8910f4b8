// Runs on the server as one transaction, because it uses `mjolnir`. Two guests at once: both are in the book, in some order.
function sign() {
  var name = document.getElementById('name').value.trim();
  var text = document.getElementById('text').value.trim();
  if (!name || !text) {
    mjolnir.abort('Please give your name and a few words.');
  }

  var book = mjolnir.table('book').find('main');
  book.count = book.count + 1;
  book.entries = [name + ': ' + text].concat(book.entries).slice(0, 100);

  document.getElementById('text').value = '';
  document.getElementById('answer').textContent = 'Thank you, ' + name + '.';
}
