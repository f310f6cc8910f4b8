// Moves money and leaves a receipt under the transfer's number. A number used twice aborts: that a retry is answered at all shows that it was not run again.
// Tells what it read: balance and moves of both, before.
function transfer(number, from, to, amount) {
  var accounts = mjolnir.table('accounts');
  var sender = accounts.find(from);
  var receiver = accounts.find(to);
  var seen = [number, sender.balance, sender.moves, receiver.balance, receiver.moves];
  sender.balance = sender.balance - amount;
  sender.moves = sender.moves + 1;
  receiver.balance = receiver.balance + amount;
  receiver.moves = receiver.moves + 1;
  mjolnir.table('receipts').insert({ number: number, from: from, to: to, amount: amount });
  return seen;
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

// A transaction of any steps, each [what, key, value]; tells what each saw.
function perform(steps) {
  var seen = [];
  for (var i = 0; i < steps.length; i++) {
    seen.push(step(steps[i][0], steps[i][1], steps[i][2]));
  }
  return seen;
}

function step(what, key, value) {
  switch (what) {
    case 'append': return append(key, value);
    case 'list': return list(key);
    case 'count': return count(key);
    case 'toggle': return toggle(key, value);
    default: return look(key);
  }
}

function append(key, value) {
  var row = mjolnir.table('lists').find(key);
  if (row) {
    row.entries = row.entries + ',' + value;
  } else {
    mjolnir.table('lists').insert({ name: key, entries: '' + value });
  }
  return null;
}

function list(key) {
  var row = mjolnir.table('lists').find(key);
  return row ? row.entries : '';
}

// The count before.
function count(key) {
  var row = mjolnir.table('counters').find(key);
  var before = row ? row.count : 0;
  if (row) {
    row.count = before + 1;
  } else {
    mjolnir.table('counters').insert({ name: key, count: 1 });
  }
  return before;
}

// How often an item was created and removed, and the tag that it bears now, 0 if it is not there.
function look(key) {
  var life = mjolnir.table('lives').find(key);
  var item = mjolnir.table('items').find(key);
  return [life ? life.count : 0, item ? item.tag : 0];
}

// Creates an item that is not there, removes one that is.
function toggle(key, tag) {
  var before = look(key);
  var life = mjolnir.table('lives').find(key);
  if (life) {
    life.count = before[0] + 1;
  } else {
    mjolnir.table('lives').insert({ name: key, count: 1 });
  }
  if (before[1]) {
    mjolnir.table('items').remove(key);
  } else {
    mjolnir.table('items').insert({ name: key, tag: tag });
  }
  return before;
}
