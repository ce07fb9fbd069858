import { words } from '../../lib/i18n/words';

export default words({
  en: {
    title: 'Home',
    headline: 'A washing machine that keeps its own cupboard full',
    lead: 'It notices when detergent runs low and orders more, from shops that compete, within limits that you set. You see every step, and you can stop it at any time. If somebody does not keep their word, your money comes back by itself.',
    town: 'What is going on', noTown: 'Nothing was ordered yet. The first order comes when a machine runs low.',
    power: 'Neighbours trade power', powerWhy: 'What flows in the street now, what it costs, and whether the trades are the best possible: checked by your browser.',
    all: 'All orders', machines: 'My machines', noMachines: 'No machine of yours is here yet.',
    credit: 'My money', waits: 'What waits for you', nothingWaits: 'Nothing. Everything runs by itself.',
    recent: 'My orders',
    take: 'Take the washing machine that waits here', taking: 'Asking …',
    noneWaits: 'No machine is waiting here. At a real machine, run “dure home pair” on its gateway: it shows a link or a code for this page.',
    approve: 'Say yes or no', confirm: 'Did it arrive?', accept: 'A shop of yours was asked', ship: 'To be sent', answer: 'The shop must answer',
  },
  ko: {
    title: '홈',
    headline: '스스로 찬장을 채우는 세탁기',
    lead: '세제가 떨어지면 알아차리고, 서로 경쟁하는 가게에서 당신이 정한 한도 안에서 주문합니다. 모든 단계를 볼 수 있고 언제든 멈출 수 있습니다. 누가 약속을 지키지 않으면 돈은 저절로 돌아옵니다.',
    town: '지금 마을에서는', noTown: '아직 주문이 없습니다. 세제가 떨어지면 첫 주문이 나옵니다.',
    power: '이웃끼리 전기를 사고팝니다', powerWhy: '지금 거리에 흐르는 전기와 그 값, 그리고 가장 좋은 거래인지를 봅니다. 확인은 당신의 브라우저가 합니다.',
    all: '모든 주문', machines: '내 기기', noMachines: '아직 내 기기가 없습니다.',
    credit: '내 돈', waits: '기다리는 일', nothingWaits: '없습니다. 모두 저절로 돌아갑니다.',
    recent: '내 주문',
    take: '여기서 기다리는 세탁기 들이기', taking: '요청하는 중 …',
    noneWaits: '여기서 기다리는 기기가 없습니다. 실제 기기라면 게이트웨이에서 “dure home pair”를 실행하세요. 이 페이지로 오는 링크나 코드가 나옵니다.',
    approve: '승인할까요?', confirm: '도착했나요?', accept: '내 가게에 주문이 왔습니다', ship: '보낼 것', answer: '가게가 답해야 합니다',
  },
});
