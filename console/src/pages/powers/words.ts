import { words } from '../../lib/i18n/words';

export default words({
  en: {
    title: 'Who could change this?', lead: 'Every power on this chain and who holds it, from the law’s own table and the chain’s records.',
    nobody: 'Nobody', nobodyCan: 'Nobody can', proof: 'the test that proves it', run: 'Run it yourself:',
    somebody: 'Somebody', holders: 'Who it is now', more: (count: string) => `and ${count} more`, actions: (count: string) => `What they may do (${count})`, none: 'Nobody holds it now.', of: (what: string) => `for ${what}`,
    outside: 'Outside the law', validators: (count: string) => `Validators: ${count}`,
    one: 'One validator makes all blocks. Whoever runs it chooses which transactions come in, may stop the chain, and chooses the software, and with it the law. It cannot act in your name: every act carries its sender’s signature.',
    many: 'More than two thirds of the validators together choose which transactions come in and which software runs, and with it the law. They cannot act in your name: every act carries its sender’s signature.',
    page: 'This page comes from the node that you asked. Whoever runs that node, or the name you reached it by, could show you another page. Your own node shows you the truth.',
    keys: 'In the place of an owner, a shop or a holder of money, a key may act that the account authorised, within the limits of that key.',
    genesis: 'Named at the first block, and nobody can name another.',
  },
  ko: {
    title: '누가 바꿀 수 있나?', lead: '이 체인의 모든 권한과 가진 사람입니다. 법 자체의 표와 체인의 기록에서 나온 것입니다.',
    nobody: '아무도 못 하는 일', nobodyCan: '아무도', proof: '이를 증명하는 시험', run: '직접 돌려 보기:',
    somebody: '누군가 할 수 있는 일', holders: '지금 가진 사람', more: (count: string) => `그 밖에 ${count}`, actions: (count: string) => `할 수 있는 일(${count})`, none: '지금은 아무도 없습니다.', of: (what: string) => `대상: ${what}`,
    outside: '법의 바깥', validators: (count: string) => `검증자: ${count}`,
    one: '검증자 하나가 모든 블록을 만듭니다. 운영하는 사람이 어떤 거래를 받을지 고르고, 체인을 멈출 수 있고, 소프트웨어와 그 안의 법을 고릅니다. 그러나 당신의 이름으로 행동할 수는 없습니다. 모든 행동에는 보낸 사람의 서명이 있습니다.',
    many: '검증자의 3분의 2가 넘게 모이면 어떤 거래를 받을지, 어떤 소프트웨어와 법을 쓸지 고를 수 있습니다. 그러나 당신의 이름으로 행동할 수는 없습니다. 모든 행동에는 보낸 사람의 서명이 있습니다.',
    page: '이 페이지는 당신이 물은 노드에서 왔습니다. 그 노드나 그 이름을 가진 사람은 다른 페이지를 보여 줄 수도 있습니다. 자신의 노드는 참을 보여 줍니다.',
    keys: '주인, 가게, 돈의 주인을 대신하여 그 계정이 허락한 열쇠가, 그 열쇠의 한도 안에서 행동할 수 있습니다.',
    genesis: '첫 블록에서 정해졌고, 아무도 새로 정할 수 없습니다.',
  },
});
