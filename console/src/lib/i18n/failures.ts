// What goes wrong and is no rule's refusal; refusals have their words in @dure/sdk.
import { words } from './words';

export const failures = words({
  en: {
    offline: 'The node cannot be reached. Nothing was sent; try again when the line is back.',
    declined: 'You said no, so nothing was sent.',
    noPasskey: 'No passkey was used. It may be on another device, or the time ran out.',
    notHere: 'Passkeys do not work at this address. Open the page at http://localhost or over https with a name.',
    other: (what: string) => `It did not work: ${what}`,
    unexplained: 'It was refused, and the reason cannot be found any more.',
  },
  ko: {
    offline: '노드에 닿지 못합니다. 아무것도 보내지 않았습니다. 연결되면 다시 하세요.',
    declined: '거절하셔서 아무것도 보내지 않았습니다.',
    noPasskey: '패스키를 쓰지 않았습니다. 다른 기기에 있거나 시간이 지났습니다.',
    notHere: '이 주소에서는 패스키가 작동하지 않습니다. http://localhost 또는 이름이 있는 https로 여세요.',
    other: (what: string) => `되지 않았습니다: ${what}`,
    unexplained: '거절되었는데 이유를 더 찾을 수 없습니다.',
  },
});
