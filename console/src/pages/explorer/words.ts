import { words } from '../../lib/i18n/words';

export default words({
  en: {
    title: 'Explorer', lead: 'Everything that happened on this chain, in sentences.',
    search: 'Height, transaction, address, order or name', find: 'Find', notFound: 'Nothing on this chain is called that.',
    events: 'What happened lately', none: 'Nothing has happened yet.', blocks: 'Newest blocks', height: 'Block', when: 'When', what: 'What it holds', empty: 'nothing',
    transactions: (count: number) => (count === 1 ? '1 transaction' : `${count} transactions`),
    block: (height: string) => `Block ${height}`, noBlock: 'There is no such block yet.', before: 'The block before', after: 'The next block', inBlock: 'Transactions', noneInBlock: 'No transaction: a heartbeat of the chain.',
    transaction: 'Transaction', noTransaction: 'There is no such transaction.', from: 'From', to: 'To', result: 'Result', good: 'Done, and final', refused: 'Refused: nothing was changed', waiting: 'Waits for a block',
    why: 'Why', told: 'What it led to', nothing: 'It told nothing.', gas: 'Gas used', nonce: 'Its number from this account', hash: 'Hash', parent: 'Hash before', state: 'Hash of the state', bytes: 'Call data', index: 'Events',
    itself: 'What was due, by itself', made: (who: string) => `${who} made a contract`, called: (who: string, to: string) => `${who} called the contract ${to}`, other: 'An event of a contract',
    account: 'Account', institution: 'Institution', contract: 'Contract', person: 'Account', address: 'Address', money: 'Money', noMoney: 'None.', sent: 'Transactions sent', class: 'Kind of account',
    classes: { newcomer: 'newcomer', member: 'member', organisation: 'organisation' } as Record<string, string>, allowance: 'Gas that it may use now', of: (now: string, cap: string) => `${now} of at most ${cap}`, itsEvents: 'What it was part of', ask: 'Ask it or act',
    forms: 'Ask or act by hand', formsLead: 'Every function of every institution, from the interfaces that this node serves. Nothing is signed before you say so.', interface: 'Institution', function: 'Function', credit: 'Which money',
    reads: 'Questions', writes: 'Actions', askButton: 'Ask', tryButton: 'Try without signing', actButton: 'Sign and send', answer: 'Answer', wouldDo: 'It would succeed.', signIn: 'Sign in to act', json: 'as JSON, such as ["0x…"] or {"unit":"mL"}',
    bad: (type: string) => `This is no ${type}.`, yes: 'yes', no: 'no', raw: 'Interface as JSON', type: (type: string) => `Type: ${type}`,
  },
  ko: {
    title: '탐색기', lead: '이 체인에서 일어난 모든 일을 문장으로 보여 줍니다.',
    search: '높이, 거래, 주소, 주문 또는 이름', find: '찾기', notFound: '이 체인에서 찾을 수 없습니다.',
    events: '최근에 일어난 일', none: '아직 아무 일도 없었습니다.', blocks: '최신 블록', height: '블록', when: '시각', what: '내용', empty: '없음',
    transactions: (count: number) => `거래 ${count}건`,
    block: (height: string) => `블록 ${height}`, noBlock: '아직 그런 블록이 없습니다.', before: '앞 블록', after: '다음 블록', inBlock: '거래', noneInBlock: '거래 없음: 체인의 심장 박동입니다.',
    transaction: '거래', noTransaction: '그런 거래가 없습니다.', from: '보낸 쪽', to: '받는 쪽', result: '결과', good: '완료, 확정됨', refused: '거절됨: 바뀐 것이 없습니다', waiting: '블록을 기다립니다',
    why: '이유', told: '이어서 일어난 일', nothing: '알린 것이 없습니다.', gas: '쓴 가스', nonce: '이 계정의 몇 번째', hash: '해시', parent: '앞 해시', state: '상태 해시', bytes: '호출 데이터', index: '사건',
    itself: '기한이 되어 저절로', made: (who: string) => `${who}: 계약을 만들었습니다`, called: (who: string, to: string) => `${who}: 계약 ${to}을(를) 불렀습니다`, other: '계약의 사건',
    account: '계정', institution: '기관', contract: '계약', person: '계정', address: '주소', money: '돈', noMoney: '없습니다.', sent: '보낸 거래', class: '계정의 종류',
    classes: { newcomer: '새로 온 계정', member: '회원', organisation: '단체' } as Record<string, string>, allowance: '지금 쓸 수 있는 가스', of: (now: string, cap: string) => `최대 ${cap} 중 ${now}`, itsEvents: '관련된 일', ask: '묻거나 행동하기',
    forms: '직접 묻거나 행동하기', formsLead: '이 노드가 제공하는 인터페이스에서 만든, 모든 기관의 모든 기능입니다. 허락하기 전에는 서명하지 않습니다.', interface: '기관', function: '기능', credit: '돈의 종류',
    reads: '질문', writes: '행동', askButton: '묻기', tryButton: '서명 없이 해 보기', actButton: '서명하고 보내기', answer: '답', wouldDo: '성공할 것입니다.', signIn: '행동하려면 로그인', json: 'JSON으로, 예: ["0x…"] 또는 {"unit":"mL"}',
    bad: (type: string) => `${type} 형식이 아닙니다.`, yes: '예', no: '아니요', raw: 'JSON 인터페이스', type: (type: string) => `형식: ${type}`,
  },
});
