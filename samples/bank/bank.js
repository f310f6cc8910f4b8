// A bank. Each handler is one transaction: all of it happens, or nothing does. There is no other server code.

// Moves money between two accounts and returns what the sender has left. Tellers and load tests call it;
// a real bank would allow it to "role:teller" in mjolnir.json.
function transfer(from, to, amount) {
  if (typeof amount !== 'number' || !(amount > 0) || Math.floor(amount) !== amount) mjolnir.abort('The amount must be a whole number above zero.');
  if (from === to) mjolnir.abort('That would be a transfer to the same account.');
  var sender = account(from);
  var receiver = account(to);
  if (sender.balance < amount) mjolnir.abort('Not enough money: ' + from + ' has ' + sender.balance + '.');
  sender.balance -= amount;
  receiver.balance += amount;
  return sender.balance;
}

// The form: from whoever is signed in, to the name in the first field.
function send() {
  var to = document.getElementById('to').value.trim();
  var amount = document.getElementById('amount');
  var sent = Number(amount.value);
  transfer(mjolnir.user, to, sent);
  amount.value = '';
  document.getElementById('message').textContent = 'Sent ' + sent + ' to ' + to + '.';
  return false; // stay on this page
}

// A new account is empty: money comes from other people, never from nothing.
function open_account() {
  if (mjolnir.table('users').find(mjolnir.user)) mjolnir.abort('You already have an account.');
  mjolnir.table('users').insert({ name: mjolnir.user, balance: 0 });
}

function account(name) {
  return mjolnir.table('users').find(name) || mjolnir.abort(name ? 'Nobody here is called ' + name + '.' : 'Who shall get the money?');
}
