import { words } from '../../lib/i18n/words';

export default words({
  en: {
    title: 'Network', lead: 'How this node and its chain are, as the node itself says.',
    final: 'Until final', finalWhy: (slow: string, blocks: string) => `Half of the last ${blocks} blocks were quicker. 95 of 100 took at most ${slow}.`, unmeasured: 'Not measured yet.', ms: (ms: string) => `${ms} ms`,
    finalMeans: 'From a block’s time until this node can be asked about it. What is in a block is final: there is no going back.',
    height: 'Height', chain: (id: string) => `Chain ${id}`, waiting: 'Waiting transactions', waitingWhy: (queued: string, max: string) => `${queued} more wait for an earlier one. At most ${max} may wait.`,
    beat: 'Heartbeat', beatWhy: 'Without work a block comes after this long, so that deadlines run.', speed: 'Pace of the clock', speedWhy: (times: string) => `${times} × the wall’s clock.`, real: 'As the wall’s clock.',
    validators: 'Validators', validatorsWhy: 'Who votes on each block.', here: 'this node', one: 'One validator alone: whoever runs it decides which transactions come in and may stop the chain. Nobody’s signature can be made up.', who: 'Who could change this?',
    fullness: 'How full the newest blocks were', fullnessWhy: (limit: string) => `A block holds at most ${limit} gas.`, block: 'Block', share: 'Full', asTable: 'The same as a table', key: 'Public key (Ed25519)',
    quiet: (blocks: string) => `The last ${blocks} blocks were empty: heartbeats.`,
    chart: (blocks: string, most: string) => `Bars of the last ${blocks} blocks; the fullest had ${most}.`,
  },
  ko: {
    title: '네트워크', lead: '이 노드와 체인의 상태를 노드가 직접 말합니다.',
    final: '확정까지', finalWhy: (slow: string, blocks: string) => `최근 ${blocks}개 블록의 절반은 이보다 빨랐습니다. 100개 중 95개는 ${slow} 안에 끝났습니다.`, unmeasured: '아직 재지 못했습니다.', ms: (ms: string) => `${ms}ms`,
    finalMeans: '블록의 시각부터 이 노드에 물을 수 있을 때까지입니다. 블록에 든 것은 확정이며 되돌아가지 않습니다.',
    height: '높이', chain: (id: string) => `체인 ${id}`, waiting: '기다리는 거래', waitingWhy: (queued: string, max: string) => `앞 거래를 기다리는 것이 ${queued}건 더 있습니다. 최대 ${max}건까지 기다릴 수 있습니다.`,
    beat: '심장 박동', beatWhy: '할 일이 없어도 이만큼 지나면 블록이 나와 기한이 처리됩니다.', speed: '시계의 빠르기', speedWhy: (times: string) => `벽시계의 ${times}배입니다.`, real: '벽시계와 같습니다.',
    validators: '검증자', validatorsWhy: '블록마다 투표합니다.', here: '이 노드', one: '검증자가 하나뿐입니다. 운영하는 사람이 어떤 거래를 받을지 정하고 체인을 멈출 수 있습니다. 그래도 남의 서명을 지어낼 수는 없습니다.', who: '누가 바꿀 수 있나?',
    fullness: '최신 블록이 찬 정도', fullnessWhy: (limit: string) => `블록 하나에는 최대 ${limit} 가스가 들어갑니다.`, block: '블록', share: '찬 정도', asTable: '표로 보기', key: '공개 열쇠(Ed25519)',
    quiet: (blocks: string) => `최근 ${blocks}개 블록은 비어 있었습니다: 심장 박동입니다.`,
    chart: (blocks: string, most: string) => `최근 ${blocks}개 블록의 막대. 가장 찬 블록은 ${most}입니다.`,
  },
});
