/** What the operator asks of an auction of one slot: crates/rules/src/energy/redispatch.rs. */
import type { Free, Redispatch, Zone } from './records.js';

/** A line by its lower zone, and whether it is gone towards the parent. */
interface Step {
  zone: number;
  up: boolean;
}

/** The lines from one zone to another. The farther from the root of two is not a parent of the other, and a parent has the lower number. */
function way(zones: readonly Zone[], from: number, to: number): Step[] {
  const steps: Step[] = [];
  let [here, there] = [from, to];
  for (let rounds = zones.length; rounds > 0 && here !== there; rounds -= 1) {
    const [zone, up] = [Math.max(here, there), here > there];
    const parent = zones[zone]?.parent;
    if (parent === undefined || parent >= zone) break;
    steps.push({ zone, up });
    if (up) here = parent;
    else there = parent;
  }
  return steps;
}

/** What is shifted goes the way from the deficit to the surplus: as much of each line on it is kept for it, and it is at most what the narrowest has. */
export function reserve(zones: readonly Zone[], order: Redispatch, free: readonly Free[]): { order: Redispatch; free: Free[] } {
  const steps = way(zones, order.deficit, order.surplus);
  const wh = steps.reduce((least, { zone, up }) => Math.min(least, free[zone]?.[up ? 0 : 1] ?? 0), order.wh);
  const left = free.map(([upWh, downWh], zone): Free => {
    const step = steps.find((one) => one.zone === zone);
    return [upWh - (step?.up ? wh : 0), downWh - (step && !step.up ? wh : 0)];
  });
  return { order: { ...order, wh }, free: left };
}

/** Adds what is shifted to what flows over the lines on its way. */
export function carry(zones: readonly Zone[], order: Redispatch, shiftedWh: number, flowWh: number[]): void {
  for (const { zone, up } of way(zones, order.deficit, order.surplus)) flowWh[zone]! += up ? shiftedWh : -shiftedWh;
}
