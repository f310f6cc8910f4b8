// Moves money and leaves a receipt under the transfer's number. A number used twice aborts: that a retry is answered at all shows that it was not run again.
function transfer(number, from, to, amount) {
  var accounts = mjolnir.table('accounts');
  var sender = accounts.find(from);
  var receiver = accounts.find(to);
  sender.balance = sender.balance - amount;
  sender.moves = sender.moves + 1;
  receiver.balance = receiver.balance + amount;
  receiver.moves = receiver.moves + 1;
  mjolnir.table('receipts').insert({ number: number, from: from, to: to, amount: amount });
  return number;
}

// Of these numbers, the receipts that exist: [from, to, amount] or null each.
function receipts(numbers) {
  var found = [];
  for (var i = 0; i < numbers.length; i++) {
    var receipt = mjolnir.table('receipts').find(numbers[i]);
    found.push(receipt ? [receipt.from, receipt.to, receipt.amount] : null);
  }
  return found;
}

// So many accounts from this number on (0 unless told) in one snapshot: [balance, moves] each.
function balances(count, first) {
  var all = [];
  for (var i = first || 0; i < (first || 0) + count; i++) {
    var account = mjolnir.table('accounts').find('n' + i);
    all.push([account.balance, account.moves]);
  }
  return all;
}

// Keeps a text, said so many times in a row.
function note(name, text, times) {
  var all = '';
  for (var i = 0; i < times; i++) {
    all += text;
  }
  mjolnir.table('notes').insert({ name: name, text: all });
  return name;
}

// The lengths of these notes; null for one that is not there.
function lengths(names) {
  var found = [];
  for (var i = 0; i < names.length; i++) {
    var kept = mjolnir.table('notes').find(names[i]);
    found.push(kept ? kept.text.length : null);
  }
  return found;
}
