/** What a machine says, byte by byte: borsh of the rules' `DeviceMessage`. */
import type { Hex } from 'viem';
import { fixed, hex, join, listed, little } from './bytes.js';
import { addresses } from './generated/addresses.js';

export type DeviceBody =
  | { kind: 'Level'; level: bigint }
  | { kind: 'Place'; level: bigint; offer: Hex; codeCommitment: Hex; sealedAddress: Hex }
  | { kind: 'Evidence'; level: bigint; order: Hex }
  | { kind: 'Test'; level: bigint; offer: Hex };

export interface DeviceMessage {
  chainId: number;
  device: Hex;
  slot: number;
  keyEpoch: number;
  /** Higher than any before. */
  sequence: bigint;
  /** One of the last 8,192 blocks before the one that executes it. */
  height: bigint;
  blockHash: Hex;
  body: DeviceBody;
}

function encodeBody(body: DeviceBody): Uint8Array {
  const level = little(body.level, 8);
  switch (body.kind) {
    case 'Level':
      return join([little(0, 1), level]);
    case 'Place':
      return join([little(1, 1), level, fixed(body.offer, 32), fixed(body.codeCommitment, 32), listed(body.sealedAddress)]);
    case 'Evidence':
      return join([little(2, 1), level, fixed(body.order, 32)]);
    case 'Test':
      return join([little(3, 1), level, fixed(body.offer, 32)]);
  }
}

/** The payload of `relayDevice`. */
export const encodeDeviceMessage = (message: DeviceMessage): Hex =>
  hex(
    join([
      little(message.chainId, 8),
      fixed(addresses.orders, 20),
      fixed(message.device, 32),
      little(message.slot, 1),
      little(message.keyEpoch, 4),
      little(message.sequence, 8),
      little(message.height, 8),
      fixed(message.blockHash, 32),
      encodeBody(message.body),
    ]),
  );
