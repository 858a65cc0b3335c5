import { Api, ApiError, memberOf } from './api.js';
import { createCharts } from './charts.js';
import { createConfirm } from './confirm.js';
import { byId, find, setText } from './dom.js';
import { createDoor } from './door.js';
import { createExplain } from './explain.js';
import { formatMoment, formatSpan } from './format.js';
import { updateIncidents } from './incidents.js';
import { createIssuers } from './issuers.js';
import { follow } from './live.js';
import { createOverview } from './overview.js';
import { updateTables } from './tables.js';
import { judgeKeys } from './verdicts.js';

/** @import { DashboardState } from '../dashboard-state.js' */
/** @import { HistoryPoint } from '../history-point.js' */
/** @import { TokenExplanation } from '../../validation/explain-token.js' */
/** @import { StreamedEvent } from './events.js' */
/** @import { Problem } from './problems.js' */
/** @import { Level } from './verdicts.js' */

const MAX_POINTS = 180;
/** From then on the page says how old what it shows is. */
const OLD_MS = 6_000;

const mode = document.documentElement.dataset['mode'] === 'token' ? 'token' : 'guard';
const api = new Api(mode);
const board = byId('board');
const signOut = find('sign-out', HTMLButtonElement);

/** @type {{ readonly state: DashboardState, readonly atMs: number } | undefined} */
let latest;
/** @type {HistoryPoint[]} */
let points = [];
/** @type {AbortController | undefined} */
let session;
/** @type {ReturnType<typeof createBoard> | undefined} */
let parts;

/** The server's time: its clock may differ from this one's. */
const now = () => (latest === undefined ? Date.now() : latest.state.nowMs + performance.now() - latest.atMs);

const door = createDoor(mode, (token) => {
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
    door.close();
    board.hidden = false;
    signOut.hidden = mode !== 'token';
    parts ??= createBoard();
    showConnection('ok', 'Live');
  } else if (problem.isFinal) {
    leave();
    door.open(problem);
  } else {
    showConnection('warn', 'Reconnecting');
    if (board.hidden) door.open(problem);
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
  document.title = 'Identity dashboard';
  setText(byId('data-age'), '');
  showConnection('idle', 'Not signed in');
  if (mode === 'token') door.open();
}

function createBoard() {
  const announce = (/** @type {string} */ text) => setText(byId('announcer'), text);
  return {
    overview: createOverview(),
    charts: createCharts(),
    issuers: createIssuers({ act, confirm: createConfirm(), announce }),
    explain: createExplain(
      async (token) => /** @type {TokenExplanation} */ (await attempt(() => api.post('explain', { token }))),
      now,
    ),
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
  render(state);
  updateTables(state);
  updateIncidents(state, now());
  const { level, label } = judgeKeys(state);
  document.title = `${level === 'bad' || level === 'warn' ? `${label} · ` : ''}Identity dashboard`;
}

/** @param {DashboardState} state */
function render(state) {
  parts?.overview.update(state, now());
  parts?.issuers.update(state, now());
}

/** Ages go on between two messages. */
function tick() {
  if (latest === undefined || board.hidden) return;
  render(latest.state);
  const oldMs = performance.now() - latest.atMs;
  setText(byId('data-age'), oldMs < OLD_MS ? '' : `as of ${formatSpan(oldMs)} ago`);
}

/**
 * @param {'refresh' | 'replace-keys'} what
 * @param {string} issuer
 */
async function act(what, issuer) {
  try {
    const answer = /** @type {{ state: DashboardState }} */ (await attempt(() => api.post(what, { issuer })));
    apply(answer.state);
    return `${what === 'refresh' ? 'Refreshed' : 'Keys replaced'} at ${formatMoment(now(), now())}.`;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return `Failed; what was held stays. ${memberOf(error.body, 'reason') ?? error.message}`;
  }
}

/**
 * @template T
 * @param {() => Promise<T>} request
 */
async function attempt(request) {
  try {
    return await request();
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
  board.dataset['stale'] = String(level !== 'ok');
  setText(pill, text);
}
