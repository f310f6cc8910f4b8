// A catalog of packages. `look` is the only handler: it runs on the server, as one transaction, for each letter that is typed and each choice that is made.

var PAGE = 20;      // packages on a page
var RANKED = 1000;  // places that a ranking has: what is further down is asked for with more words
var SORTED = 200;   // best matches that are sorted if somebody wants them by name or size

function look() {
  var words = field('words').trim();
  var asked = conditions();
  var found = words ? search(field('words'), asked) : browse(asked);
  document.getElementById('found').innerHTML = found.rows.map(card(found.highlights)).join('');
  document.getElementById('summary').textContent = summary(found);
  document.getElementById('sections').innerHTML = choices('section', found.sections);
  document.getElementById('priorities').innerHTML = choices('priority', found.priorities);
  document.getElementById('pages').innerHTML = numbers(Number(field('page')), found.pages);
}

// ---- What is asked for

function conditions() {
  var where = {};
  if (field('section')) where.section = field('section');
  if (field('priority')) where.priority = field('priority');
  if (field('bounded') === 'name') bound(where, 'name', field('from').trim().toLowerCase(), field('to').trim().toLowerCase());
  if (field('bounded') === 'size') bound(where, 'size', kilobytes('from'), kilobytes('to'));
  return where;
}

function bound(where, column, from, to) {
  // Names go on behind the letters that were typed: up to "g" means up to the last one that begins so.
  var last = column === 'name' && to ? to + '\uffff' : to;
  if (from || from === 0 || last || last === 0) where[column] = { from: from === '' ? null : from, to: last === '' ? null : last };
}

function kilobytes(id) { return field(id) === '' ? '' : Math.round(Number(field(id)) * 1024) || 0; }

// The words: ranked by the index, the best first; by name or size, the best ones sorted.
function search(words, where) {
  var order = field('order');
  var page = Number(field('page'));
  var found = mjolnir.table('packages').search(words, { where: where, limit: order === 'best' ? PAGE : SORTED, fuzzy: true });
  var given = { total: found.total, partial: found.partial, sections: count(found, 'section', where), priorities: count(found, 'priority', where) };
  if (order === 'best') {
    var shown = page === 1 ? { rows: found, highlights: found.highlights } : found.page(page);
    given.rows = shown.rows.map(itself);
    given.highlights = shown.highlights;
    given.pages = pagesOf(Math.min(RANKED, found.total));
  } else {
    var all = found.map(function (row, i) { return { row: row, marked: found.highlights[i] }; }).sort(by(order));
    var part = all.slice((page - 1) * PAGE, page * PAGE);
    given.rows = part.map(function (each) { return each.row; });
    given.highlights = part.map(function (each) { return each.marked; });
    given.pages = pagesOf(all.length);
    given.sorted = found.total > SORTED;
  }
  return given;
}

function by(order) {
  var column = order === 'name' ? 'name' : 'size';
  var sign = order === '-size' ? -1 : 1;
  return function (one, other) { return one.row[column] < other.row[column] ? -sign : one.row[column] > other.row[column] ? sign : 0; };
}

// What was found per value; of a value that is chosen, only that one: it can be given up.
function count(found, column, where) {
  return where[column] ? [{ value: where[column], count: found.total }] : found.facets(column);
}

// No words: a list that an index has ready, in any of its orders.
function browse(where) {
  var order = field('order') === 'best' ? 'name' : field('order');
  var query = mjolnir.table('packages').where(where).orderBy(order).limit(PAGE);
  var total = mjolnir.table('packages').where(where).count();
  // By an order that is not the range's own, an index has its first thousand places.
  var range = where.name ? 'name' : where.size ? 'size' : order.replace('-', '');
  var pages = pagesOf(range === order.replace('-', '') ? total : Math.min(RANKED, total));
  var page = query.page(Math.min(Number(field('page')), Math.max(1, pages)));
  return { rows: page.rows.map(itself), highlights: [], total: total, pages: pages, sections: group('section', 'priority', where), priorities: group('priority', 'section', where) };
}

// Groups have no ranges: with bounds and without words, values are counted over all names and sizes.
function group(column, other, where) {
  var within = {};
  if (where[other]) within[other] = where[other];
  var groups = mjolnir.table('packages').where(within).facets(column);
  return where[column] ? groups.filter(function (each) { return each.value === where[column]; }) : groups;
}

// ---- What is shown

function card(highlights) {
  return function (row, i) {
    var marked = highlights[i] || {};
    return '<li><h2>' + (marked.name || escaped(row.name)) + '</h2><p>' + (marked.description || escaped(row.description || '')) + '</p>' +
      '<small>' + escaped(row.section || '–') + ' · ' + escaped(row.priority || '–') + ' · ' + bytes(row.size) + ' · ' + escaped(row.maintainer || '–') + (row.recommended ? ' · recommended by ' + number(row.recommended) : '') + '</small></li>';
  };
}

function summary(found) {
  if (found.total === 0) return 'Nothing was found.';
  return number(found.total) + (found.total === 1 ? ' package' : ' packages') +
    (found.partial ? ' among the first of very many' : '') + (found.sorted ? ', the ' + SORTED + ' best of them sorted' : '');
}

function choices(column, groups) {
  var chosen = field(column);
  return groups.filter(function (each) { return each.value !== null; }).slice(0, 30).map(function (each) {
    return '<button type="button" data-column="' + column + '" data-value="' + (chosen ? '' : escaped(each.value)) + '" aria-pressed="' + (chosen !== '') + '">' +
      escaped(each.value) + ' <b>' + number(each.count) + '</b></button>';
  }).join('');
}

function numbers(page, pages) {
  var shown = [];
  for (var i = 1; i <= pages; i++) if (i === 1 || i === pages || Math.abs(i - page) <= 2) shown.push(i);
  return pages < 2 ? '' : shown.map(function (i, at) {
    return (at > 0 && shown[at - 1] < i - 1 ? '<span>…</span>' : '') +
      '<button type="button" data-column="page" data-value="' + i + '"' + (i === page ? ' aria-current="page"' : '') + '>' + i + '</button>';
  }).join('');
}

function pagesOf(rows) { return Math.ceil(rows / PAGE); }

function bytes(size) {
  if (size === null) return '–';
  return size >= 1048576 ? (size / 1048576).toFixed(1) + ' MB' : Math.max(1, Math.round(size / 1024)) + ' KB';
}

function number(value) { return String(value).replace(/\B(?=(\d{3})+$)/g, ','); }

function escaped(text) { return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;'); }

function itself(row) { return row; }

function field(id) { return document.getElementById(id).value; }
