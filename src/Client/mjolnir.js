// mjolnir.js: the browser's half of Mjolnir. Served as it is; no framework, no build step.
//
// An event whose handler runs on the server goes through five steps, in the file's order:
//   1. hold      the event's default action is stopped; nobody else notices
//   2. collect   what the user sees in the fields at that moment is noted
//   3. queue     transactions of a page run one after another, in the order of their events
//   4. exchange  one message with one id, over the WebSocket or by POST, until it is answered
//   5. apply     all page changes at once; then the default action goes on
// Below that: live templates, listeners, sessions, errors. The contract is docs/design/pages.md, the choices are docs/design/client.md.
// It needs no eval and no inline script or style: script-src 'self' and connect-src 'self' are enough for this file.
(() => {
  'use strict';

  // Limits; times in milliseconds.
  const ANSWER_LIMIT = 60_000;  // from the event to giving up: the server keeps ids for 10 minutes, people wait less
  const SILENCE_LIMIT = 10_000; // a connection that owes an answer for so long is taken for dead; the same id is asked again on another
  const WAITING_LIMIT = 100;    // transactions waiting on one page: more than fingers make, and a runaway script is stopped
  const NEED_LIMIT = 8;         // rounds of "ship this too": each adds what the handler read, one or two are usual
  const BACK_OFF_FIRST = 100;   // between two tries, doubled each time; half of it is random, so that a restarted server is not stormed
  const BACK_OFF_MOST = 5_000;  // a server that is back is found within this
  const NOTICE_AFTER = 2_000;   // a wait that is felt is explained
  const TOAST_TIME = 8_000;     // enough to read two lines

  const manifest = JSON.parse(document.getElementById('mjolnir-page')?.textContent || '{}');
  const here = manifest.page || location.pathname;
  const nativeAdd = EventTarget.prototype.addEventListener;
  const nativeRemove = EventTarget.prototype.removeEventListener;
  const on = (target, type, listener, options) => nativeAdd.call(target, type, listener, options);
  const own = (object, key) => Object.prototype.hasOwnProperty.call(object, key);

  // ---- 1. Hold -------------------------------------------------------------------------------------------------------------------
  // click, submit and reset are the events whose default action a script can bring about later. The default of any other event
  // (a typed character, say) goes on at once.

  const HELD = { click: true, submit: true, reset: true };
  const held = new WeakMap(); // event → { handlers still to be answered, stopped, goOn }
  let silent = null; // type of the event that is being fired only for its default action

  // First listener of all on the way down: an event fired for its default action is seen by nobody else, so no listener runs twice.
  for (const type in HELD) {
    on(window, type, (event) => {
      if (silent !== type) return;
      silent = null;
      event.stopImmediatePropagation();
    }, true);
  }

  function hold(event) {
    let state = held.get(event);
    if (state) return state;
    state = { handlers: 0, stopped: event.defaultPrevented, goOn: null };
    held.set(event, state);
    if (HELD[event.type] && event.cancelable && !state.stopped) state.goOn = defaultAction(event);
    if (state.goOn) stopUnseen(event, state);
    return state;
  }

  // Other listeners find the event as if nobody had stopped it; if one of them stops it, that holds.
  function stopUnseen(event, state) {
    event.preventDefault();
    Object.defineProperties(event, {
      preventDefault: { value: () => { state.stopped = true; } },
      defaultPrevented: { get: () => state.stopped },
      returnValue: { get: () => !state.stopped, set: (value) => { state.stopped ||= value === false; } },
    });
  }

  // What the browser would have done, as a function; marked where it may leave the page. Null: nothing.
  function defaultAction(event) {
    if (event.type === 'submit') return leaving(() => submit(event.target, event.submitter));
    if (event.type === 'reset') return () => quietly('reset', () => form(event.target, 'reset'));
    const target = activated(event);
    if (!target) return null;
    if (/^(checkbox|radio)$/.test(target.type)) return toggled(target, target.checked);
    const again = () => quietly('click', () => target.dispatchEvent(new event.constructor('click', copyOf(event))));
    return target.href !== undefined || isSubmitter(target) ? leaving(again) : again;
  }

  // A form's own methods: one of its fields may be called submit or reset.
  const form = (element, method, ...args) => HTMLFormElement.prototype[method].call(element, ...args);
  const leaving = (action) => Object.assign(action, { leaves: true });
  const activated = (event) => event.composedPath().find((node) => node.matches?.('a[href],area[href],button,input,label,summary'));
  const isSubmitter = (node) => !!node.form && /^(submit|image)$/.test(node.type);

  function quietly(type, action) {
    silent = type;
    try {
      action();
    } finally {
      silent = null;
    }
  }

  function copyOf(event) {
    const copy = { bubbles: true, cancelable: true, composed: true, view: window };
    for (const key of ['detail', 'screenX', 'screenY', 'clientX', 'clientY', 'ctrlKey', 'shiftKey', 'altKey', 'metaKey', 'button', 'buttons']) copy[key] = event[key];
    return copy;
  }

  // The fields were valid when the event was fired; the browser would not look a second time.
  function submit(target, submitter) {
    const noValidate = target.noValidate;
    target.noValidate = true;
    try {
      quietly('submit', () => form(target, 'requestSubmit', submitter?.form === target ? submitter : null));
    } finally {
      target.noValidate = noValidate;
    }
  }

  // A box is set before the handler's changes, which may set it otherwise, and tells of it after them.
  function toggled(box, checked) {
    const tell = () => {
      for (const type of ['input', 'change']) if (box.isConnected) box.dispatchEvent(new Event(type, { bubbles: true, composed: type === 'input' }));
    };
    return Object.assign(tell, { before: () => { box.checked = checked; } });
  }

  // A submit button starts no transaction with fields that the page itself calls invalid: the browser shows what is wrong.
  function isInvalid(event) {
    const button = event.type === 'click' && !event.defaultPrevented && activated(event);
    return button && isSubmitter(button) && !button.form.noValidate && !button.formNoValidate && !form(button.form, 'reportValidity');
  }

  // ---- 2. Collect ----------------------------------------------------------------------------------------------------------------

  const BY_USER = { value: true, checked: true, selectedIndex: true };
  const learned = {}; // handler → reads of all its runs: { inputs: { key: [property] }, globals: [name] }
  const bare = (reference) => reference.replace(/^[#@]/, '');

  function referenceOf(element) {
    if (!element?.matches) return null;
    const id = element.getAttribute('id'), name = element.getAttribute('name'); // not element.id: a form's field may be called so
    if (id) return '#' + id;
    if (name && document.getElementsByName(name)[0] === element) return '@' + name;
    const steps = [];
    for (let step = element; step !== document.body; step = step.parentElement) {
      if (!step) return null;
      const twins = [...step.parentElement?.children || []].filter((other) => other.localName === step.localName);
      steps.unshift(step.localName + ':nth-of-type(' + (twins.indexOf(step) + 1) + ')');
    }
    return ['body', ...steps].join('>');
  }

  function find(reference) {
    const name = bare(reference);
    if (reference[0] !== '@' && document.getElementById(name)) return document.getElementById(name);
    if (reference[0] !== '#' && document.getElementsByName(name)[0]) return document.getElementsByName(name)[0];
    return /^body\b/.test(reference) ? document.querySelector(reference) : null;
  }

  function read(element, property) {
    if (property[0] === '@') return element.getAttribute(property.slice(1));
    if (property.startsWith('style.')) return element.style[property.slice(6)];
    if (property === 'options') return element.options ? [...element.options].map((option) => [option.value, option.text]) : null;
    return element[property] ?? null;
  }

  const into = (inputs, reference, property, value) => { (inputs[bare(reference)] ||= {})[property] = value; };

  // The fields as the user sees them now: what counts is what was there at the click, whatever happens while it waits.
  function snapshot(handler) {
    const inputs = {}, known = learned[handler];
    for (const reference in known?.inputs) {
      const element = find(reference);
      for (const property of element ? known.inputs[reference] : []) if (BY_USER[property]) into(inputs, reference, property, read(element, property));
    }
    if (!known) for (const field of document.querySelectorAll('input,select,textarea')) noteField(inputs, field);
    return inputs;
  }

  // Passwords and files are shipped only to a handler that was seen to read them.
  function noteField(inputs, field) {
    if (!field.id && !field.name || /^(password|file)$/.test(field.type)) return;
    const reference = referenceOf(field);
    if (!reference || own(inputs, bare(reference))) return;
    into(inputs, reference, 'value', field.value);
    if (/^(checkbox|radio)$/.test(field.type)) into(inputs, reference, 'checked', field.checked);
    if (field.options) into(inputs, reference, 'selectedIndex', field.selectedIndex);
  }

  // All that the handler is known to read: the user's part as it was at the event, the page's own state as it is now.
  function collect({ handler, snapshot: seen }) {
    const known = learned[handler], inputs = structuredClone(seen), globals = {};
    for (const reference in known?.inputs) {
      const element = find(reference);
      if (!element) inputs[bare(reference)] ??= null;
      else for (const property of known.inputs[reference]) if (!own(inputs[bare(reference)] || {}, property)) into(inputs, reference, property, read(element, property));
    }
    for (const name of known?.globals || manifest.handlers?.[handler]?.globals || []) {
      const value = plain(window[name]);
      if (value !== undefined) globals[name] = value;
      else if (known) globals[name] = null;
    }
    return { inputs, globals };
  }

  // The value, if JSON can carry it; undefined for functions, parts of the page, and what runs in circles.
  function plain(value) {
    if (typeof value === 'function' || value instanceof Node || value instanceof Window) return undefined;
    try {
      const text = JSON.stringify(value);
      return text === undefined ? undefined : JSON.parse(text);
    } catch {
      return undefined; // a circle, or a getter that throws
    }
  }

  function learn(handler, reads) {
    if (!reads) return;
    const known = learned[handler] ||= { inputs: {}, globals: [] };
    for (const reference in reads.inputs) known.inputs[reference] = [...new Set([...known.inputs[reference] || [], ...reads.inputs[reference]])];
    known.globals = [...new Set([...known.globals, ...reads.globals || []])];
  }

  function describe(event) {
    const target = referenceOf(event.target), current = referenceOf(event.currentTarget);
    return { type: event.type, target, ...current !== target && { currentTarget: current }, key: event.key ?? null };
  }

  function shippable(argument) {
    if (argument instanceof Event) return { $event: true };
    if (argument instanceof Element) return { $element: referenceOf(argument) };
    return plain(argument) ?? null;
  }

  // ---- 3. Queue ------------------------------------------------------------------------------------------------------------------

  const queue = []; // transactions not yet answered and applied; the first is under way
  const departures = []; // what leaves the page waits here until the queue is empty: no click is lost to another's navigation

  // What a page's handlers call: `onclick="return mjolnir.run(event,'send',[],this)"`.
  function run(event, handler, args) {
    if (event && !held.has(event) && isInvalid(event)) return event.preventDefault();
    const state = event ? hold(event) : { handlers: 0, stopped: true, goOn: null };
    state.handlers++;
    enqueue(event, handler, args, (answer) => finish(state, answer));
  }

  // For a page's own code: resolves to what the handler returned, or rejects with what onerror would have been told.
  function call(handler, ...args) {
    return new Promise((resolve, reject) => enqueue(null, handler, args, (answer) => {
      if (answer.status !== 'committed') return reject(Object.assign(new Error(answer.reason), errorOf(answer)));
      apply(answer.changes);
      resolve(answer.result);
    }));
  }

  function enqueue(event, handler, args, settle) {
    if (queue.length >= WAITING_LIMIT) return settle({ status: 'refused', handler, reason: 'Too much is waiting for the server already.' });
    queue.push({
      id: newId(), handler, args: (args || []).map(shippable), event: event ? describe(event) : undefined, snapshot: snapshot(handler),
      user: connection.user, deadline: performance.now() + ANSWER_LIMIT, open: false, settle,
    });
    if (queue.length === 1) drain();
  }

  async function drain() {
    while (queue.length) {
      const transaction = queue[0];
      const answer = await transact(transaction).catch((error) => unanswered(transaction, String(error)));
      try {
        transaction.settle({ ...answer, handler: transaction.handler });
      } catch (error) {
        reportError(error); // a mistake in the page's own onerror or listeners; the next transaction is not its business
      }
      queue.shift();
    }
    for (const action of departures.splice(0)) action();
  }

  function leave(action) {
    if (queue.length) departures.push(action);
    else action();
  }

  // Runs in one task with nothing painted in between: half of an answer is never seen.
  function finish(state, answer) {
    state.handlers--;
    if (answer.status !== 'committed' || answer.changes?.prevent) state.stopped = true;
    if (answer.status !== 'committed') return fail(answer);
    const goOn = state.stopped ? null : state.goOn;
    goOn?.before?.();
    if (goOn) goOn.before = null;
    apply(answer.changes);
    if (!goOn || state.handlers) return;
    if (goOn.leaves) leave(goOn);
    else goOn();
  }

  function newId() {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return Array.from(crypto.getRandomValues(new Uint8Array(22)), (byte) => letters[byte & 63]).join('');
  }

  // ---- 4. Exchange ---------------------------------------------------------------------------------------------------------------

  // Asks with one id until there is an answer. The server applies an id once, so asking again is always safe.
  async function transact(transaction) {
    let rounds = 0, backOff = BACK_OFF_FIRST;
    const notice = setTimeout(() => toast('Waiting for the server …', 'status'), NOTICE_AFTER);
    try {
      for (;;) {
        const known = await knowUser(transaction);
        if (isAnothers(transaction)) return unanswered(transaction, 'The user of this page has changed meanwhile.');
        const answer = known ? await exchange(transaction) : { status: 'unknown' };
        learn(transaction.handler, answer.reads);
        if (answer.status === 'need' && ++rounds > NEED_LIMIT) return { status: 'aborted', error: true, reason: 'The handler asks for more and more of the page.' };
        if (answer.status === 'need') continue;
        const again = answer.status === 'unknown' || answer.code === 429 || answer.code === 503;
        if (!again) return answer;
        const pause = Math.max((answer.retryAfter || 0) * 1000, backOff * (1 + Math.random()) / 2);
        if (performance.now() + pause > transaction.deadline) return unanswered(transaction, answer.reason);
        await pauseOf(pause, !answer.retryAfter);
        backOff = Math.min(backOff * 2, BACK_OFF_MOST);
      }
    } finally {
      clearTimeout(notice);
      hideToast('status');
    }
  }

  // A click is its user's, and so is its id: asked in another's name it would be another transaction.
  const isAnothers = (transaction) => transaction.user !== undefined && transaction.user !== connection.user;

  const unanswered = (transaction, reason) => transaction.open
    ? { status: 'unknown', reason: reason || 'The server did not answer: it is not known whether this was done.' }
    : { status: 'refused', code: 503, reason: reason || 'The server cannot do this now. Nothing was done.' };

  async function exchange(transaction) {
    const { id, handler, args, event } = transaction;
    const message = { id, args, ...collect(transaction), event, page: here, partial: true };
    const silence = Math.max(1, Math.min(SILENCE_LIMIT, transaction.deadline - performance.now()));
    const answer = await (connection.ready ? askSocket({ type: 'tx', n: ++connection.last, handler, ...message, ...traceOf() }, silence) : post(handler, message, silence));
    if (answer.status === 'unknown') transaction.open = true; // may have been done, and stays so until an answer tells
    return answer;
  }

  // A socket is its user's for good and says whose; a POST is whoever's cookie there is by now, so before asking again by POST that is looked up.
  async function knowUser(transaction) {
    if (connection.ready || !transaction.open) return true;
    try {
      const response = await fetch('/_mjolnir/session', { signal: AbortSignal.timeout(SILENCE_LIMIT) });
      const session = await response.json();
      if (response.ok) mjolnir.user = connection.user = session.user ?? null;
      return response.ok;
    } catch (error) {
      console.warn('mjolnir: ' + error);
      return false;
    }
  }

  // The page's own span (W3C), where it has one: the server's hang from it.
  function traceOf() {
    const traceparent = document.querySelector('meta[name=traceparent]')?.content;
    return traceparent ? { traceparent } : {};
  }

  async function post(handler, message, silence) {
    let response;
    try {
      response = await fetch('/_mjolnir/tx/' + encodeURIComponent(handler), {
        method: 'POST', headers: { 'content-type': 'application/json', ...traceOf() }, body: JSON.stringify(message), signal: AbortSignal.timeout(silence),
      });
      const answer = await response.json();
      return { ...answer, ...verdict(response), ...WORDS.test(answer.status) && { status: answer.status }, reason: answer.reason ?? answer.detail };
    } catch (error) {
      console.warn('mjolnir: ' + error);
      return verdict(response);
    }
  }

  const WORDS = /^(committed|aborted|need|unknown|refused)$/;

  // What the bare HTTP answer says, should its body not be ours (a gateway's page, say): only a clear no means that nothing happened.
  function verdict(response) {
    const no = response && (response.status >= 400 && response.status < 500 || response.status === 503);
    return { status: no ? 'refused' : 'unknown', code: response?.status, retryAfter: Number(response?.headers.get('retry-after')) || 0 };
  }

  // -- the WebSocket

  const connection = { socket: null, ready: false, last: 0, backOff: BACK_OFF_FIRST, timer: 0, user: undefined, version: undefined };
  const open = new Map(); // n → what waits for its answer
  const TOO_BIG = 1009; // the WebSocket's own word for it
  let wake = []; // called when the server is back

  function askSocket(message, silence) {
    return new Promise((resolve) => {
      const { socket } = connection;
      open.set(message.n, { resolve, timer: setTimeout(() => lose(socket), silence) });
      socket.send(JSON.stringify(message));
    });
  }

  function connect() {
    if (connection.socket) return;
    clearTimeout(connection.timer);
    const socket = connection.socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/_mjolnir/live');
    connection.timer = setTimeout(() => lose(socket), SILENCE_LIMIT);
    socket.onclose = (event) => lose(socket, event.code === TOO_BIG ? { status: 'refused', code: 413, reason: 'This is more than the server takes.' } : undefined);
    socket.onmessage = (event) => {
      const messages = JSON.parse(event.data);
      for (const message of Array.isArray(messages) ? messages : [messages]) if (socket === connection.socket) receive(message);
    };
  }

  // Gives a connection up: what it owes is asked again, and a new one is tried for as long as the page is there.
  function lose(socket, answer = { status: 'unknown' }) {
    if (socket !== connection.socket) return;
    const wasReady = connection.ready;
    Object.assign(connection, { socket: null, ready: false });
    clearTimeout(connection.timer);
    socket.close();
    for (const { resolve, timer } of open.values()) {
      clearTimeout(timer);
      resolve(answer);
    }
    open.clear();
    connection.timer = setTimeout(connect, connection.backOff * (1 + Math.random()) / 2);
    connection.backOff = Math.min(connection.backOff * 2, BACK_OFF_MOST);
    if (wasReady) mjolnir.onconnection?.(false);
  }

  function receive(message) {
    if (message.type === 'hello') return greeted(message);
    if (message.type === 'update') return update(message.values);
    if (message.type === 'reload') return leave(() => location.reload());
    const asked = open.get(message.n);
    if (!asked) return; // answered already
    clearTimeout(asked.timer);
    open.delete(message.n);
    asked.resolve(message);
  }

  function greeted(hello) {
    clearTimeout(connection.timer);
    mjolnir.user = connection.user = hello.user ?? null;
    if (isOutdated(hello.version)) return leave(() => location.reload());
    Object.assign(connection, { ready: true, backOff: BACK_OFF_FIRST, version: hello.version });
    subscribe();
    for (const resume of wake.splice(0)) resume();
    mjolnir.onconnection?.(true);
  }

  // The application changed while we were away, or while this page was on its way: its handlers and templates are no longer the server's.
  // A page that was loaded anew just now is not loaded anew again, whatever some cache in between gave it.
  function isOutdated(version) {
    if (connection.version) return connection.version !== version;
    return !!manifest.version && manifest.version !== version && performance.getEntriesByType('navigation')[0]?.type !== 'reload';
  }

  // Ends early when the server is back, unless the server itself asked for the pause.
  function pauseOf(time, early) {
    return new Promise((resolve) => {
      setTimeout(resolve, time);
      if (early) wake.push(resolve);
    });
  }

  // ---- 5. Apply ------------------------------------------------------------------------------------------------------------------

  function apply(changes) {
    if (!changes) return;
    // References are those of the page as the handler saw it, so they are looked up before the first change moves anything.
    const steps = (changes.dom || []).map(([reference, what, value]) => ({ element: find(reference), reference, what, value }));
    for (const { element, reference, what, value } of steps) {
      const target = element || find(reference); // or made by a change before this one
      if (target) change(target, what, value);
      else console.warn('mjolnir: no element ' + reference + ' on this page');
    }
    Object.assign(window, changes.globals);
    for (const [effect, value] of changes.effects || []) EFFECTS[effect]?.(value);
  }

  const words = (text) => text.split(/\s+/).filter(Boolean);

  const CHANGES = {
    'class+': (element, value) => element.classList.add(...words(value)),
    'class-': (element, value) => element.classList.remove(...words(value)),
    append: (element, value) => element.insertAdjacentHTML('beforeend', value),
    prepend: (element, value) => element.insertAdjacentHTML('afterbegin', value),
    remove: (element) => element.remove(),
    options: (element, value) => element.replaceChildren(...value.map(([option, text]) => new Option(text, option))),
  };

  function change(element, what, value) {
    if (CHANGES[what]) CHANGES[what](element, value);
    else if (what.startsWith('style.')) element.style[what.slice(6)] = value;
    else if (what[0] !== '@') element[what] = value;
    else if (value === null) element.removeAttribute(what.slice(1));
    else element.setAttribute(what.slice(1), value);
  }

  const EFFECTS = {
    alert: (text) => alert(text),
    log: (text) => console.log(text),
    focus: (reference) => find(reference)?.focus(),
    reset: (reference) => find(reference) && form(find(reference), 'reset'),
    submit: (reference) => leave(() => find(reference) && form(find(reference), 'submit')),
    reload: () => leave(() => location.reload()),
    location: (url) => leave(() => {
      // Text that reached a handler must not become a script of the page.
      if (/^https?:$/.test(new URL(url, document.baseURI).protocol)) location.assign(url);
      else console.warn('mjolnir: not a web address: ' + url);
    }),
  };

  // ---- Live templates ------------------------------------------------------------------------------------------------------------

  const values = {}; // template's index → its newest value
  let places = null; // template's index → where it stands: { start, end } or { element, attribute }

  function subscribe() {
    if (document.readyState !== 'loading' && connection.ready) connection.socket.send(JSON.stringify({ type: 'page', page: here }));
  }

  function update(changed) {
    for (const index in changed) {
      if (values[index] === changed[index]) continue;
      values[index] = changed[index];
      for (const place of placesOf(index)) show(place, index);
    }
  }

  function placesOf(index) {
    const known = places?.[index];
    if (!known || !known.every((place) => (place.element || place.start).isConnected)) places = findPlaces();
    return places[index] || [];
  }

  function findPlaces() {
    const found = {}, unclosed = [];
    const comments = document.createTreeWalker(document, NodeFilter.SHOW_COMMENT);
    while (comments.nextNode()) {
      const comment = comments.currentNode, opens = /^m:(\d+)$/.exec(comment.data);
      if (opens) unclosed.push({ index: opens[1], start: comment });
      if (comment.data !== '/m' || unclosed.at(-1)?.start.parentNode !== comment.parentNode) continue;
      const { index, start } = unclosed.pop();
      (found[index] ||= []).push({ start, end: comment });
    }
    for (const element of document.querySelectorAll('[data-m]')) {
      for (const [, index, attribute] of element.dataset.m.matchAll(/(\d+):(\S*)/g)) (found[index] ||= []).push({ element, attribute });
    }
    return found;
  }

  function show(place, index) {
    const { element, attribute } = place, value = values[index];
    if (!element) showRange(place, value);
    else if (element === document.activeElement && (attribute === 'value' || !attribute)) showLater(place, index);
    else if (!attribute && element.textContent !== value) element.textContent = value;
    else if (attribute && element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
  }

  // What a field shows is its user's while the user is in it. (One that was typed in keeps its text in any case: only its default changes.)
  function showLater(place, index) {
    if (place.waits) return;
    place.waits = true;
    on(place.element, 'blur', () => {
      place.waits = false;
      show(place, index);
    }, { once: true });
  }

  function showRange({ start, end }, html) {
    const parent = start.parentNode;
    const box = document.createElementNS(parent.namespaceURI, parent.localName); // parsed as what stands there: rows in a table, shapes in a drawing
    box.innerHTML = html;
    const shown = [];
    for (let node = start.nextSibling; node !== end; node = node.nextSibling) shown.push(node);
    morph(parent, shown, [...box.childNodes], end);
  }

  // Turns nodes into others by few changes, so that focus, selection and typed text in what stays are left alone.
  function morph(parent, shown, wanted, before) {
    for (let i = 0; i < Math.max(shown.length, wanted.length); i++) {
      const old = shown[i], next = wanted[i];
      if (!next) old.remove();
      else if (!old) parent.insertBefore(next, before);
      else if (old.nodeName !== next.nodeName || old.getAttribute?.('id') !== next.getAttribute?.('id')) old.replaceWith(next);
      else if (old.nodeType === Node.ELEMENT_NODE) morphElement(old, next);
      else if (old.data !== next.data) old.data = next.data;
    }
  }

  function morphElement(old, next) {
    for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    morph(old, [...old.childNodes], [...next.childNodes], null);
  }

  // ---- Listeners -----------------------------------------------------------------------------------------------------------------
  // A listener that runs on the server is known by its text. A function always gets the same stand-in, so that adding twice and removing
  // work as ever.

  const standIns = new WeakMap();

  function standIn(listener) {
    if (typeof listener !== 'function') return listener;
    if (!standIns.has(listener)) {
      const name = manifest.listeners[hashOf(Function.prototype.toString.call(listener))];
      standIns.set(listener, name ? (event) => run(event, name, [event]) : listener);
    }
    return standIns.get(listener);
  }

  // FNV-1a, 32 bits, over UTF-16 code units, low byte first.
  function hashOf(text) {
    let hash = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      hash = Math.imul(hash ^ unit & 255, 0x01000193);
      hash = Math.imul(hash ^ unit >> 8, 0x01000193);
    }
    return (hash >>> 0).toString(16).padStart(8, '0');
  }

  if (Object.keys(manifest.listeners || {}).length) {
    EventTarget.prototype.addEventListener = function (type, listener, options) { return nativeAdd.call(this ?? window, type, standIn(listener), options); };
    EventTarget.prototype.removeEventListener = function (type, listener, options) { return nativeRemove.call(this ?? window, type, standIn(listener), options); };
  }

  // ---- Sessions ------------------------------------------------------------------------------------------------------------------

  async function session(method, path, body) {
    const response = await fetch('/_mjolnir/' + path, { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
    const isJson = /json/.test(response.headers.get('content-type'));
    const answer = isJson ? await response.json() : {};
    if (!response.ok) throw Object.assign(new Error(answer.reason || answer.detail || 'The server refused (' + response.status + ').'), { code: response.status });
    mjolnir.user = connection.user = answer.user ?? body?.user ?? null;
    if (connection.socket) lose(connection.socket); // the next connection is the new user's and brings the templates as that user sees them
    connect();
    return mjolnir.user;
  }

  // ---- Errors --------------------------------------------------------------------------------------------------------------------

  const errorOf = ({ status, reason, handler, position, code, error }) => ({ status, reason, handler, position, code, error });

  function fail(answer) {
    const error = errorOf({ ...answer, reason: answer.reason || 'The server said no' + (answer.code ? ' (' + answer.code + ').' : '.') });
    const { position } = error;
    if (position) console.error('mjolnir: ' + error.handler + ': ' + error.reason + ' (' + position.file + ':' + position.line + ':' + position.column + ')');
    const signIn = answer.code === 401;
    const stays = (!signIn || mjolnir.onerror !== defaultOnError) && mjolnir.onerror?.(error) === false;
    if (signIn && !stays) location.assign('/_mjolnir/sign-in?next=' + encodeURIComponent(location.pathname + location.search + location.hash));
  }

  const defaultOnError = (error) => toast(error.reason, 'alert');

  let toastBox = null, toastTimer = 0;

  function toast(text, role) {
    if (!document.body) return console.warn('mjolnir: ' + text);
    hideToast();
    toastBox = document.createElement('div');
    toastBox.id = 'mjolnir-toast';
    toastBox.setAttribute('role', role);
    toastBox.style.cssText = 'position:fixed;left:50%;bottom:1.5rem;transform:translateX(-50%);z-index:2147483647;box-sizing:border-box;width:max-content;max-width:min(32rem,calc(100vw - 2rem));'
      + 'padding:.75rem 1.1rem;border-radius:.75rem;border:1px solid #fff3;background:#1d2433;color:#fff;font:1rem/1.4 system-ui,sans-serif;box-shadow:0 .5rem 2rem #0006;cursor:pointer';
    on(toastBox, 'click', () => hideToast());
    document.body.append(toastBox);
    toastBox.textContent = text; // once it is in the page, so that it is read out
    if (role === 'alert') toastTimer = setTimeout(() => hideToast(), TOAST_TIME);
  }

  function hideToast(role) {
    if (!toastBox || role && toastBox.getAttribute('role') !== role) return;
    clearTimeout(toastTimer);
    toastBox.remove();
    toastBox = null;
  }

  // ---- What pages see ------------------------------------------------------------------------------------------------------------

  const mjolnir = window.mjolnir = {
    run, call, user: null, onerror: defaultOnError, onconnection: null,
    signIn: (user, password) => session('POST', 'session', { user, password }),
    signUp: (user, password) => session('POST', 'users', { user, password }),
    signOut: () => session('DELETE', 'session'),
  };

  for (const name of ['table', 'kv', 'sql', 'abort', 'now', 'id']) {
    Object.defineProperty(mjolnir, name, { get() { throw new Error('mjolnir.' + name + ' runs on the server; use it in an event handler'); } });
  }

  on(document, 'DOMContentLoaded', subscribe);
  on(window, 'online', connect);
  on(document, 'visibilitychange', () => document.hidden || connect());
  connect();
})();
