// What is asked for in quick succession happens once more at the end, however early a timer is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atMostEvery } from '../../src/lib/state/pace';

test('the last of several changes is never lost, and timers may be early', () => {
  let now = 1_000.7;
  const timers: { act: () => void; at: number }[] = [];
  const clock = { now: () => now, later: (act: () => void, ms: number) => timers.push({ act, at: now + ms - 0.9 }) };
  const happened: number[] = [];
  const ask = atMostEvery(250, () => happened.push(now), clock);
  const run = () => {
    for (let timer = timers.shift(); timer; timer = timers.shift()) {
      now = Math.max(now, timer.at);
      timer.act();
    }
  };
  ask();
  now += 30;
  ask();
  ask();
  assert.equal(happened.length, 1);
  run();
  assert.equal(happened.length, 2, 'what came 30 ms after the first is shown too');
  assert.ok(happened[1]! - happened[0]! >= 250);
  now += 30;
  ask();
  run();
  assert.equal(happened.length, 3, 'and so is what comes then');
  now += 300;
  ask();
  assert.equal(happened.length, 4, 'at once where nothing happened for long');
});
