// Scales of charts: round numbers between a least and a most.

/** About `count` round numbers that reach over both ends. */
export function ticks(least: number, most: number, count = 4): number[] {
  const span = most - least || Math.abs(most) || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((one) => one * power >= rough)! * power;
  const first = Math.floor(least / step);
  const last = Math.max(Math.ceil(most / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

/** Lines that can be told apart without their colours, too: by their dashes. */
export const LINES = [
  { colour: 'light-dark(#0b6b4f, #6fd3ae)', dash: 'none' }, { colour: 'light-dark(#b04a00, #ffb27a)', dash: '8 4' }, { colour: 'light-dark(#3b4fc4, #a3b3ff)', dash: '2 4' },
  { colour: 'light-dark(#8a1c6b, #f2a0dc)', dash: '12 4 2 4' }, { colour: 'light-dark(#6b5d00, #e0cf5a)', dash: '5 2' }, { colour: 'light-dark(#00657a, #7fd6ea)', dash: '14 6' },
] as const;
export const lineOf = (at: number) => LINES[at % LINES.length]!;
