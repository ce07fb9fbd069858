import { words } from '../../lib/i18n/words';

export default words({
  en: {
    title: 'My shop', open: 'Open a shop', openWhy: 'A shop puts down a deposit. Each order reserves as much of it as the order costs, until the order has ended. Who does not keep their word pays from it.',
    name: 'Name of the shop', gln: 'GLN (13 digits)', glnWrong: '13 digits, the last one is a check digit', sealing: 'Key for addresses', sealingOwn: 'I have a key for addresses already', sealingWhy: 'The public half, 64 hex digits. Machines seal delivery addresses to it. Empty: this browser makes one and keeps it.', sealingWrong: '0x and 64 hex digits',
    bond: 'Deposit', openIt: 'Open the shop', amountWrong: 'Write an amount, such as 12.50',
    toDo: 'Orders that wait for you', nothing: 'None. The others run by themselves.', all: 'All orders', noOrders: 'No orders yet.',
    deposit: 'Deposit', reserved: 'Reserved for open orders', of: (part: string, whole: string) => `${part} of ${whole}`, free: (amount: string) => `${amount} is free for new orders.`,
    more: 'Put more down', back: 'Take some back', backWhy: 'What you take back is paid after seven days.', fetch: 'Fetch what is due', amount: 'Amount',
    keyTitle: 'Key for addresses', keyHere: 'It is kept in this browser. Without it nobody can read where parcels go: save a copy, which “dure shop” can use too.', keyElsewhere: 'It is not in this browser: read addresses with “dure shop address”.', keySave: 'Save a copy',
    offers: 'My offers', noOffers: 'Nothing is offered yet.', stock: (count: string) => `${count} in stock`, withdrawn: 'taken back', until: (date: string) => `until ${date}`,
    add: 'Add to stock', packs: 'Packs', take: 'Take the offer back', takeSure: 'Orders that exist go on.',
    publish: 'A new offer', publishIt: 'Publish the offer', gtin: 'GTIN (8, 12, 13 or 14 digits)', gtinWrong: 'The check digit does not fit', content: 'What a pack holds', unit: 'Unit (UCUM: mL, g, 1)',
    price: 'Price without tax', tax: 'Tax', shipping: 'Shipping', arbiters: 'Arbiters, one address a line or with commas', arbitersWrong: 'Write addresses that begin with 0x', immutable: 'An offer never changes. A new price is a new offer.',
    hours: 'Hours', cancel: 'in which the household may cancel', ship: 'from accepting to sending', deliver: 'from sending to delivery', return: 'in which it may be sent back',
    invoice: 'Invoice', from: 'From', to: 'To', date: 'Date', number: 'Number', item: 'What', sum: 'Total', paid: 'Paid from the escrow of this order.', unpaid: 'The price lies in the escrow of this order.', print: 'Print', noPrint: 'Only household and shop of an order see its invoice here.',
  },
  ko: {
    title: '내 가게', open: '가게 열기', openWhy: '가게는 보증금을 맡깁니다. 주문마다 그 값만큼 묶이고, 주문이 끝나면 풀립니다. 약속을 지키지 않으면 여기서 물어 줍니다.',
    name: '가게 이름', gln: 'GLN (13자리)', glnWrong: '13자리이고 마지막은 검사 숫자입니다', sealing: '주소용 열쇠', sealingOwn: '주소용 열쇠가 이미 있습니다', sealingWhy: '공개 부분, 64자리 16진수. 기기는 배송 주소를 이 열쇠로 봉인합니다. 비우면 이 브라우저가 만들어 보관합니다.', sealingWrong: '0x와 64자리 16진수',
    bond: '보증금', openIt: '가게 열기', amountWrong: '12.50처럼 금액을 적으세요',
    toDo: '기다리는 주문', nothing: '없습니다. 나머지는 저절로 돌아갑니다.', all: '모든 주문', noOrders: '아직 주문이 없습니다.',
    deposit: '보증금', reserved: '진행 중인 주문에 묶임', of: (part: string, whole: string) => `${whole} 중 ${part}`, free: (amount: string) => `새 주문에 쓸 수 있는 금액은 ${amount}입니다.`,
    more: '더 맡기기', back: '일부 찾기', backWhy: '찾는 금액은 이레 뒤에 지급됩니다.', fetch: '때가 된 금액 받기', amount: '금액',
    keyTitle: '주소용 열쇠', keyHere: '이 브라우저에 있습니다. 이것이 없으면 소포가 갈 곳을 아무도 읽지 못합니다. 사본을 저장하세요. “dure shop”도 쓸 수 있습니다.', keyElsewhere: '이 브라우저에 없습니다. “dure shop address”로 주소를 읽으세요.', keySave: '사본 저장',
    offers: '내 상품', noOffers: '아직 상품이 없습니다.', stock: (count: string) => `재고 ${count}`, withdrawn: '철회됨', until: (date: string) => `${date}까지`,
    add: '재고 추가', packs: '팩 수', take: '상품 철회', takeSure: '이미 있는 주문은 계속됩니다.',
    publish: '새 상품', publishIt: '상품 올리기', gtin: 'GTIN (8, 12, 13, 14자리)', gtinWrong: '검사 숫자가 맞지 않습니다', content: '한 팩의 내용량', unit: '단위 (UCUM: mL, g, 1)',
    price: '세금 제외 값', tax: '세금', shipping: '배송비', arbiters: '중재인 주소 (줄이나 쉼표로 구분)', arbitersWrong: '0x로 시작하는 주소를 적으세요', immutable: '상품은 바뀌지 않습니다. 새 값은 새 상품입니다.',
    hours: '시간', cancel: '가구가 취소할 수 있는 시간', ship: '수락에서 발송까지', deliver: '발송에서 배송까지', return: '반품할 수 있는 시간',
    invoice: '청구서', from: '파는 이', to: '사는 이', date: '날짜', number: '번호', item: '내용', sum: '합계', paid: '이 주문에 맡겨 둔 돈에서 지급되었습니다.', unpaid: '값은 이 주문에 맡겨져 있습니다.', print: '인쇄', noPrint: '주문의 가구와 가게만 여기서 청구서를 봅니다.',
  },
});
