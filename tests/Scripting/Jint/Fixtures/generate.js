// Writes expressions.json: what Node.js makes of each line of expressions.txt. Run with TZ=UTC and only when lines are added;
// the tests read the result.
const fs = require('fs'), path = require('path');
const wrap = (e) => 'var r = (' + e + '\n); return typeof r + ":" + (typeof r === "string" ? JSON.stringify(r) : Object.is(r, -0) ? "-0" : typeof r === "object" ? JSON.stringify(r) : String(r));';
const text = fs.readFileSync(path.join(__dirname, 'expressions.txt'), 'utf8').replace(/\\\n/g, '\\\u0000');
const lines = text.split('\n').filter((l) => l).map((l) => l.replace(/\u0000/g, '\n'));
const rows = lines.map((e) => { try { return [e, new Function(wrap(e))()]; } catch (x) { return [e, '!' + x.name + ': ' + x.message]; } });
fs.writeFileSync(path.join(__dirname, 'expressions.json'), '[\n' + rows.map((r) => '  ' + JSON.stringify(r)).join(',\n') + '\n]\n');
