import { Api, ApiError, memberOf } from './api.js';
import { createCharts } from './charts.js';
import { createConfirm } from './confirm.js';
import { byId, find, setText } from './dom.js';
import { updateSenders } from './senders.js';
import { createSignIn } from './sign-in.js';
import { createExplain } from './explain.js';
import { formatMoment } from './format.js';
import { updateIncidents } from './incidents.js';
import { createIssuers } from './issuers.js';
import { follow } from './event-stream.js';
import { createOverview } from './overview.js';
import { describeLoss } from './http-errors.js';
import { updateTables } from './tables.js';
import { assessKeys } from './health-assessment.js';

/** @import { DashboardState } from '../dashboard-state.js' */
/** @import { HistoryPoint } from '../history-point.js' */
/** @import { TokenExplanation } from '../../validation/explain-token.js' */
/** @import { StreamedEvent } from './events.js' */
/** @import { ActionResult } from './issuers.js' */
/** @import { Problem, Replacement } from './http-errors.js' */
/** @import { Level } from './health-assessment.js' */

const MAX_POINTS = 180;
/** From then on the page says how old what it shows is. */
const OLD_MS = 6_000;

const mode = document.documentElement.dataset['mode'] === 'token' ? 'token' : 'guard';
const api = new Api(mode);
const board = byId('board');
const signOut = find('sign-out', HTMLButtonElement);
const toExplain = byId('to-explain');

/** @type {{ readonly state: DashboardState, readonly atMs: number } | undefined} */
let latest;
/** @type {HistoryPoint[]} */
let points = [];
/** @type {AbortController | undefined} */
let session;
/** @type {ReturnType<typeof createBoard> | undefined} */
let parts;
/** @type {Replacement | undefined} */
let replacement;
let isLive = false;

/** The server's time: its clock may differ from this one's. */
const now = () => (latest === undefined ? Date.now() : latest.state.nowMs + performance.now() - latest.atMs);

const signIn = createSignIn(mode, (token) => {
  api.use(token);
  start();
});
// Nothing of a session outlives the page that held it.
signOut.addEventListener('click', () => location.reload());
setText(byId('host'), location.host);
setInterval(tick, 1_000);
if (mode === 'guard') start();
else showDoor();

function start() {
  session?.abort();
  session = new AbortController();
  showConnection('idle', 'Connecting');
  void follow(api, { onEvent, onConnection }, session.signal);
}

/** @param {Problem | undefined} problem */
function onConnection(problem) {
  if (problem === undefined) {
    signIn.close();
    if (latest === undefined) replacement = undefined;
    board.hidden = false;
    signOut.hidden = mode !== 'token';
    toExplain.hidden = false;
    parts ??= createBoard();
    showConnection('ok', 'Live');
  } else if (problem.isFinal) {
    const wasInside = latest !== undefined;
    leave();
    signIn.open(describeLoss(problem, { wasInside, replacement }));
  } else {
    showConnection('warn', 'Reconnecting');
    if (board.hidden) signIn.open(problem);
  }
}

/** The token and what was pasted are forgotten; the rest is hidden. */
function leave() {
  session?.abort();
  api.use(undefined);
  latest = undefined;
  points = [];
  parts?.explain.clear();
  showDoor();
}

function showDoor() {
  board.hidden = true;
  signOut.hidden = true;
  toExplain.hidden = true;
  document.title = 'Identity dashboard';
  setText(byId('data-age'), '');
  setText(byId('process'), '');
  showConnection('idle', 'Not signed in');
  if (mode === 'token') signIn.open();
}

function createBoard() {
  const announce = (/** @type {string} */ text) => setText(byId('announcer'), text);
  return {
    overview: createOverview(),
    charts: createCharts(),
    issuers: createIssuers({ act, confirm: createConfirm(), announce }),
    explain: createExplain(askToExplain, now),
  };
}

/** @param {StreamedEvent} event */
function onEvent({ event, data }) {
  if (event === 'state') apply(/** @type {DashboardState} */ (data));
  if (event === 'history') points = [.../** @type {HistoryPoint[]} */ (data)];
  if (event === 'point') points = [...points, /** @type {HistoryPoint} */ (data)].slice(-MAX_POINTS);
  if (event !== 'state') parts?.charts.update(points);
}

/** @param {DashboardState} state */
function apply(state) {
  latest = { state, atMs: performance.now() };
  const { host, pid, startedAtMs } = state.process;
  setText(byId('process'), `${host}, pid ${pid}, since ${formatMoment(startedAtMs, now())}`);
  render(state);
  updateTables(state);
  updateSenders(state);
  updateIncidents(state, now());
  const { level, label } = assessKeys(state);
  document.title = `${level === 'bad' || level === 'warn' ? `${label} · ` : ''}Identity dashboard`;
}

/** @param {DashboardState} state */
function render(state) {
  const age = asOf();
  board.dataset['stale'] = String(age !== undefined);
  setText(byId('data-age'), age ?? '');
  parts?.overview.update(state, now(), age);
  parts?.issuers.update(state, now());
}

/** Ages go on between two messages. */
function tick() {
  if (latest === undefined || board.hidden) return;
  render(latest.state);
}

/** From when the state is; undefined as long as it is the present one. */
function asOf() {
  if (latest === undefined) return undefined;
  const isOld = !isLive || performance.now() - latest.atMs >= OLD_MS;
  return isOld ? `as of ${formatMoment(latest.state.nowMs, now())}` : undefined;
}

/**
 * @param {'refresh' | 'replace-keys'} what
 * @param {string} issuer
 * @returns {Promise<ActionResult>}
 */
async function act(what, issuer) {
  try {
    const answer = /** @type {{ state: DashboardState }} */ (await api.post(what, { issuer }));
    const at = record(what, issuer, 'done');
    apply(answer.state);
    return { text: `${what === 'refresh' ? 'Refreshed' : 'Keys replaced'} at ${at}.` };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const reason = memberOf(error.body, 'reason');
    const failedAtMs = now();
    const isDenied = error.problem.isFinal;
    const isLost = !isDenied && error.body === undefined;
    const at = record(what, issuer, isDenied ? 'denied' : isLost ? 'lost' : 'failed');
    if (isDenied) onConnection(error.problem);
    const text = isLost
      ? `No answer at ${at}: it is not known whether anything was done. ${error.message}`
      : `Failed at ${at}; the cache is unchanged. ${reason ?? error.message}`;
    return { text, failedAtMs };
  }
}

/**
 * @param {'refresh' | 'replace-keys'} what
 * @param {string} issuer
 * @param {Replacement['outcome']} outcome
 */
function record(what, issuer, outcome) {
  const at = formatMoment(now(), now());
  if (what === 'replace-keys') replacement = { issuer, at, outcome };
  return at;
}

/**
 * @param {string} token
 * @returns {Promise<TokenExplanation>}
 */
async function askToExplain(token) {
  try {
    return /** @type {TokenExplanation} */ (await api.post('explain', { token }));
  } catch (error) {
    if (error instanceof ApiError && error.problem.isFinal) onConnection(error.problem);
    throw error;
  }
}

/**
 * @param {Level} level
 * @param {string} text
 */
function showConnection(level, text) {
  const pill = byId('connection');
  pill.dataset['level'] = level;
  setText(pill, text);
  isLive = level === 'ok';
  tick();
}
