import type { Facts, Reason } from '@dure/sdk/proof';
import { words } from '../../lib/i18n/words';

type Reasons = { [R in Reason]: (facts: Facts[R]) => string };

const en: Reasons = {
  NoProof: () => 'This is no proof file.',
  Damaged: () => 'The file is damaged: something in it is not as it was written. Get it again.',
  Length: () => 'The file is cut short, or something was put behind it.',
  TooMany: () => 'The file is larger than a proof can be.',
  Kind: () => 'The file claims something that this page does not know yet.',
  NotCanonical: () => 'The file is not written as a proof is written. Somebody may have changed it.',
  OtherChain: ({ found }) => `The file is of another chain: ${found}.`,
  Header: () => 'There is no block in the file where one should be.',
  Gap: () => 'A block is missing between the one that is spoken of and the one that was signed.',
  Quorum: ({ found, needed }) => `Too few signed: ${found}, and ${needed} are needed.`,
  NoValidator: () => 'Somebody signed who is no validator of this chain.',
  Signature: ({ number }) => `A signature is not good: that of validator ${number + 1}.`,
  State: () => 'The block’s state does not say what the file claims.',
  Trie: () => 'The block does not have the transaction or the event that the file claims.',
};
const ko: Reasons = {
  NoProof: () => '증명 파일이 아닙니다.',
  Damaged: () => '파일이 손상되었습니다. 처음 쓰인 내용과 다릅니다. 다시 받으세요.',
  Length: () => '파일이 잘렸거나 뒤에 무언가 덧붙었습니다.',
  TooMany: () => '증명일 수 없을 만큼 큰 파일입니다.',
  Kind: () => '이 페이지가 아직 모르는 주장이 들어 있습니다.',
  NotCanonical: () => '증명의 형식대로 쓰이지 않았습니다. 누군가 바꾸었을 수 있습니다.',
  OtherChain: ({ found }) => `다른 체인의 파일입니다: ${found}.`,
  Header: () => '블록이 있어야 할 곳에 블록이 없습니다.',
  Gap: () => '말하는 블록과 서명된 블록 사이가 비어 있습니다.',
  Quorum: ({ found, needed }) => `서명이 모자랍니다: ${found}개이며 ${needed}개가 필요합니다.`,
  NoValidator: () => '이 체인의 검증자가 아닌 누군가가 서명했습니다.',
  Signature: ({ number }) => `검증자 ${number + 1}의 서명이 올바르지 않습니다.`,
  State: () => '블록의 상태가 파일의 주장과 다릅니다.',
  Trie: () => '블록에 파일이 주장하는 거래나 사건이 없습니다.',
};

export default words({
  en: {
    title: 'Check a proof', lead: 'A proof file says what stood on a chain, and shows the signatures of those who decided it. It is checked here, in this page; the file goes nowhere.',
    file: 'Proof file', choose: 'Choose a proof file or a picture of its QR code, or drop it here', paste: 'Or paste it as hexadecimal digits', noHex: 'These are no hexadecimal digits.',
    camera: 'Read a QR code with the camera', cameraOff: 'Camera off', cameraAsked: 'The browser asks for the camera …', cameraLooks: 'Hold the code in front of the camera so that it fills the picture.', noCamera: 'There is no camera that this page may use.', cameraLate: 'No proof was seen. Choose a picture of the code instead.',
    reading: 'The picture is being read …', noCode: 'There is no QR code of a proof in this picture. It must be sharp, and all of the code must be in it.', asCode: 'As a QR code', code: 'QR code of the proof', codeWhy: 'Whoever reads it on this page of any node has the whole proof. It is fine: print it as large as a hand.', codeTooLarge: 'This proof is larger than a QR code can be. Give the file itself.',
    chain: 'Whose chain?', hash: 'Hash of block 0', fromNode: 'This page’s node says which chain this is and who votes on it. That is as good as your trust in the node. To be sure without it, compare the hash with the one that your community gave you, or open its genesis.json:',
    fromFile: (name: string) => `Computed from ${name}. The node was not asked.`, genesis: 'genesis.json of your own', noGenesis: 'This is no genesis.json.', noAnchor: 'The node does not say whose chain this is. Open a genesis.json.', back: 'Trust the node instead', waiting: 'The node is being asked …',
    good: 'This is proven.', bad: 'This file proves nothing.', block: 'Block', time: 'Time of the block', signed: 'Signed by', of: (signers: string, all: string) => `${signers} of ${all} validators`, fact: 'What is proven',
    account: (height: string) => `After block ${height} this account held this:`, slot: (height: string) => `After block ${height} this slot of this contract held this:`, record: (tag: string, height: string) => `After block ${height} this record of table ${tag} held this:`,
    absent: (height: string) => `After block ${height} the chain held nothing under this:`, since: 'It may have changed in later blocks.', receiptGood: 'This transaction was done:', receiptRefused: 'This transaction was refused and changed nothing:', log: 'This transaction led to this event:',
    table: 'Table', id: 'Identity', address: 'Account', contract: 'Contract', index: 'Slot', value: 'Value', transaction: 'Transaction', events: 'What it led to', none: 'It told nothing.', other: 'An event of a contract', blockHash: 'Hash of the block', certified: 'Signed block', bytes: 'Bytes', reasons: en,
  },
  ko: {
    title: '증명 확인', lead: '증명 파일은 체인에 무엇이 있었는지 말하고, 그것을 정한 이들의 서명을 보여 줍니다. 확인은 이 페이지 안에서 하며 파일은 어디로도 가지 않습니다.',
    file: '증명 파일', choose: '증명 파일이나 QR 코드 사진을 고르거나 여기에 놓으세요', paste: '또는 16진수로 붙여 넣으세요', noHex: '16진수가 아닙니다.',
    camera: '카메라로 QR 코드 읽기', cameraOff: '카메라 끄기', cameraAsked: '브라우저가 카메라를 써도 되는지 묻습니다 …', cameraLooks: '코드가 화면에 가득 차도록 카메라 앞에 대세요.', noCamera: '이 페이지가 쓸 수 있는 카메라가 없습니다.', cameraLate: '증명을 찾지 못했습니다. 대신 코드의 사진을 고르세요.',
    reading: '사진을 읽는 중 …', noCode: '이 사진에는 증명의 QR 코드가 없습니다. 사진이 또렷하고 코드 전체가 들어 있어야 합니다.', asCode: 'QR 코드로 보기', code: '증명의 QR 코드', codeWhy: '어느 노드에서든 이 페이지로 읽으면 증명 전체를 얻습니다. 무늬가 촘촘하니 손바닥만 하게 인쇄하세요.', codeTooLarge: '이 증명은 QR 코드에 담기에 너무 큽니다. 파일을 그대로 건네세요.',
    chain: '누구의 체인인가요?', hash: '블록 0의 해시', fromNode: '어느 체인이고 누가 투표하는지는 이 페이지의 노드가 말한 것입니다. 노드를 믿는 만큼만 믿을 수 있습니다. 노드 없이 확실히 하려면 공동체가 알려 준 해시와 비교하거나 공동체의 genesis.json을 여세요:',
    fromFile: (name: string) => `${name}에서 계산했습니다. 노드에 묻지 않았습니다.`, genesis: '내가 가진 genesis.json', noGenesis: 'genesis.json이 아닙니다.', noAnchor: '노드가 누구의 체인인지 말하지 않습니다. genesis.json을 여세요.', back: '대신 노드를 믿기', waiting: '노드에 묻는 중 …',
    good: '증명되었습니다.', bad: '이 파일은 아무것도 증명하지 못합니다.', block: '블록', time: '블록의 시각', signed: '서명', of: (signers: string, all: string) => `검증자 ${all}명 중 ${signers}명`, fact: '증명된 것',
    account: (height: string) => `블록 ${height} 뒤에 이 계정은 다음과 같았습니다:`, slot: (height: string) => `블록 ${height} 뒤에 이 계약의 이 칸은 다음과 같았습니다:`, record: (tag: string, height: string) => `블록 ${height} 뒤에 표 ${tag}의 이 기록은 다음과 같았습니다:`,
    absent: (height: string) => `블록 ${height} 뒤에 체인에는 다음에 해당하는 것이 없었습니다:`, since: '그 뒤의 블록에서 바뀌었을 수 있습니다.', receiptGood: '이 거래는 이루어졌습니다:', receiptRefused: '이 거래는 거절되어 아무것도 바꾸지 않았습니다:', log: '이 거래에서 이 사건이 일어났습니다:',
    table: '표', id: '식별자', address: '계정', contract: '계약', index: '칸', value: '값', transaction: '거래', events: '이어서 일어난 일', none: '알린 것이 없습니다.', other: '계약의 사건', blockHash: '블록의 해시', certified: '서명된 블록', bytes: '바이트', reasons: ko,
  },
});
