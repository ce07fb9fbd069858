// How often something may happen.

type Clock = { now: () => number; later: (act: () => void, ms: number) => unknown };

const WALL: Clock = { now: () => performance.now(), later: (act, ms) => setTimeout(act, ms) };

/** Lets `act` happen at once, or as soon as `ms` have passed since the last time; never less often than it was asked for last. */
export function atMostEvery(ms: number, act: () => void, clock: Clock = WALL): () => void {
  let last = -Infinity;
  let waiting = false;
  const ask = () => {
    if (waiting) return;
    const wait = last + ms - clock.now();
    if (wait <= 0) {
      last = clock.now();
      return act();
    }
    waiting = true;
    clock.later(() => {
      waiting = false; // before asking: a timer may be early by the part of a millisecond that it drops
      ask();
    }, Math.ceil(wait));
  };
  return ask;
}
