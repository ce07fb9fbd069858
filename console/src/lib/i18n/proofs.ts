// Words of the button that takes a proof.
import { words } from './words';

export const proofs = words({
  en: { take: 'Take a proof', check: 'Check a proof', why: 'A file that shows this to anybody, without this node: with the signatures of the chain’s validators.', taken: 'The file is among your downloads.' },
  ko: { take: '증명 받기', check: '증명 확인', why: '이 노드 없이도 누구에게나 이것을 보여 주는 파일입니다. 체인 검증자들의 서명이 들어 있습니다.', taken: '내려받은 파일에 있습니다.' },
});
