// Where the next page begins; null before the first and behind the last.
var cursor = null;

// "Events of a category, in a city, between two dates, cheapest first": one index answers it, however many events there are.
function asked() {
  var dates = { from: Date.parse(field('from')), to: Date.parse(field('to')) };
  return mjolnir.table('events').where({ category: field('category'), city: field('city'), date: dates });
}

function search() {
  document.getElementById('found').innerHTML = '';
  cursor = null;
  more();
  document.getElementById('summary').textContent = asked().count() + ' events, ' + asked().sum('seats') + ' seats';
  return false;
}

function more() {
  var page = asked().orderBy('price').limit(10).after(cursor);
  document.getElementById('found').innerHTML += page.rows().map(function (event) { return '<li>' + line(event) + '</li>'; }).join('');
  cursor = page.cursor;
  document.getElementById('more').hidden = cursor === null;
}

function announce() {
  mjolnir.table('events').insert({
    id: mjolnir.id(), title: field('title'), category: field('category'), city: field('city'),
    date: Date.parse(field('from')), price: Number(field('price')), seats: 50
  });
  return search();
}

function field(id) { return document.getElementById(id).value; }

function line(event) {
  return escaped(event.title) + ', ' + new Date(event.date).toISOString().slice(0, 10) + ': ' + event.price;
}

function escaped(text) { return text.replace(/&/g, '&amp;').replace(/</g, '&lt;'); }
