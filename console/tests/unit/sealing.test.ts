import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hex } from 'viem';
import { make, open } from '../../src/lib/wallets/sealing';

/** Sealed by crates/gateways/src/seal.rs: the shop's secret is 03…03, the order 01…01, the salt 09…09. */
const SEALED =
  'c0a19785f59c06bec14aba8bc96d73072b99f8b54ce5f99b7054b9be2695f64adde9e00c960c3da67207c907d1b243041d17aec9ed97ff83c1bb9436317fa8da' +
  '262e37c957a9ce4ba455152d53cff3d8dc4bc69b0b83bee5eca6ad99a0a88e308bb45a58b30d23dfdc56d986c79241de9f714061355096c62450c6f411df7685' +
  'b7f91ffb143f09498c8764f0773715e086b0b915916b20a5f1ad10f9fb8f4fdc3963ee53668d060c17d23ebb0a2103777604392729ecf09eb0d238967fbdd096' +
  '76928004e40dfd9b1fbc19480bd19e07924bd1108c6322e29e69aa749ad777ac398f0048a453cc743a4db475899288a2da9a68c55dff3b1c095427b34624aa28' +
  '106dce4dd5f594f9f5bd80fd2f7062bbda0d82f1fb2aa0dfdbc3f9556206ad7971911c590b4a64af041ac470f5c14df7bd9bdf19cf156502a830f12d6a305e84' +
  'f68191e48d1f49d533575558834f87dd75ba265babb7f65da4ffb043584d9603c8c82134f1eb6cc5f4dfa693ba61108b809fb2cd87ab3f25ad8bc42533d6cf77' +
  '7520f766e1fae60ed3bbd77c8f8546a85844900a74c382c4b83179b039b3dee751d8f7d3fee77c982639307575d36d852cefb51959da2d3446b9ce05c9fead3c' +
  'c102b09ceca847f5b6d53212f6344d5f8d88e0513cdf35f580a2aa77b3c53fe18fa9024963b183f8afa238311fe80d68764df96d5d5d981e3bbeb7bd99561c84' +
  '2e068816aac6a74c41f36cd4d1300b4bf50589ca3ab9babce975ac9f93ca537a98575b35873ea03f475434e841dfa94f';
const COMMITMENT = '0xef6771014d0c5c2785c8a75357c5a85a349b751d69d071eef19154a5d8dc3be1';
const sealed: Hex = `0x${SEALED}`;
const bytes32 = (byte: string): Hex => `0x${byte.repeat(32)}`;

test('a shop’s page opens what a gateway sealed, and nothing that was sealed to another key, for another order, or to deceive', async () => {
  assert.equal(await open(sealed, bytes32('03'), bytes32('01'), COMMITMENT), '보라, Lindenweg 3');
  assert.equal(await open(sealed, bytes32('04'), bytes32('01'), COMMITMENT), undefined);
  assert.equal(await open(sealed, bytes32('03'), bytes32('02'), COMMITMENT), undefined);
  assert.equal(await open(sealed, bytes32('03'), bytes32('01'), bytes32('01')), undefined);
  for (const short of ['0x', '0x00', sealed.slice(0, 80)]) assert.equal(await open(short as Hex, bytes32('03'), bytes32('01'), COMMITMENT), undefined);
});

test('two keys that are made are two', async () => {
  const [one, other] = await Promise.all([make(), make()]);
  assert.match(one.publicKey, /^0x[0-9a-f]{64}$/);
  assert.match(one.secret, /^0x[0-9a-f]{64}$/);
  assert.notEqual(one.secret, other.secret);
});
