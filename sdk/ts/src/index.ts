/**
 * Dure for TypeScript. Apart, because they bring curves and ciphers of their own: `@dure/sdk/device` (a machine's key) and
 * `@dure/sdk/seal` (sealed addresses).
 */
export { type ActOptions, type AskOptions, type Done, RefusedError, final } from './act.js';
export { type DureActions, type GroupName, dureActions, groupActions } from './actions.js';
export { DEV_CHAIN_ID, type DureOptions, dure } from './chain.js';
export * from './generated/index.js';
export { gln, gs1, gtin } from './gs1.js';
export * from './ids.js';
export { type Standing, creditAddress, interfaceAt } from './interfaces.js';
export { type DeviceBody, type DeviceMessage, encodeDeviceMessage } from './message.js';
export { type Refusal, decodeRefusal, refusalOf } from './refusal.js';
export * from './rpc.js';
export * from './sentences/index.js';
export type * from './types.js';
export { type DureEvent, type WatchOptions, decodeEvent, watchEvents } from './watch.js';
