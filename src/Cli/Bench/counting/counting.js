// The money in `count` accounts, from number `first` on: one read-only transaction.
function sum(first, count) {
  var users = mjolnir.table('users');
  var total = 0;
  for (var i = first; i < first + count; i++) {
    total += users.find('a' + ('000000' + i).slice(-7)).balance;
  }
  return total;
}
