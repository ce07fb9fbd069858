/** What the chain says, as sentences in English and Korean. */
export { callSentences } from './calls.js';
export { eventSentences } from './events.js';
export { particle } from './particle.js';
export { type Holder, tellPower } from './power.js';
export { refusalSentences } from './refusals.js';
export { type Reason, type Told, kindOf, kinds, parameterAt, reasonsOf, tellCall, tellEvent, tellReasons, tellRefusal } from './tell.js';
export { type Known, type Voice, count, day, energy, money, nano, pack, price, short, span, time, who } from './voice.js';
export * from './words.js';
