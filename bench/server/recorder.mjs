// What a server process can record about itself: bytes allocated, and a profile of processor time or of allocations.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { GCProfiler } from 'node:v8';

const SAMPLING_INTERVAL_US = 1_000;
const SAMPLING_INTERVAL_BYTES = 8_192;

/**
 * @typedef {'allocation' | 'cpu' | 'heap'} What
 * @typedef {{ stop: (file: string) => Promise<number | undefined> }} Recording `file`: where a profile goes; bytes, if
 *   they were counted
 */

/**
 * @param {What} what
 * @returns {Promise<Recording>}
 */
export async function startRecording(what) {
  switch (what) {
    case 'allocation':
      return countAllocation();
    case 'cpu':
      return profileWith(async (session) => {
        await session.post('Profiler.enable');
        await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US });
        await session.post('Profiler.start');
        return async () => (await session.post('Profiler.stop')).profile;
      });
    case 'heap':
      return profileWith(async (session) => {
        // Objects that died before the end count, too: nearly all that a request allocates.
        const options = {
          samplingInterval: SAMPLING_INTERVAL_BYTES,
          includeObjectsCollectedByMajorGC: true,
          includeObjectsCollectedByMinorGC: true,
        };
        await session.post('HeapProfiler.startSampling', options);
        return async () => (await session.post('HeapProfiler.stopSampling')).profile;
      });
  }
}

/**
 * @param {(session: Session) => Promise<() => Promise<object>>} start
 * @returns {Promise<Recording>}
 */
async function profileWith(start) {
  const session = new Session();
  session.connect();
  const stop = await start(session);
  return {
    async stop(file) {
      writeFileSync(file, JSON.stringify(await stop()));
      session.disconnect();
      return undefined;
    },
  };
}

/**
 * The heap grows by what is allocated, and shrinks in collections alone.
 *
 * @returns {Recording}
 */
function countAllocation() {
  const profiler = new GCProfiler();
  let before = process.memoryUsage().heapUsed;
  profiler.start();
  return {
    async stop() {
      let bytes = 0;
      for (const { beforeGC, afterGC } of profiler.stop().statistics) {
        bytes += beforeGC.heapStatistics.usedHeapSize - before;
        before = afterGC.heapStatistics.usedHeapSize;
      }
      return bytes + process.memoryUsage().heapUsed - before;
    },
  };
}
