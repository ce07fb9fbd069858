/** What the actions are called, by group: a table of interface, short name and function. */

export const groups = {
  orders: {
    orders: {
      get: 'order', check: 'check', preview: 'previewDevice', previewByHand: 'previewOwner',
      place: 'placeOrder', approve: 'approveOrder', cancel: 'cancelOrder', accept: 'acceptOrder', ship: 'shipOrder',
      confirm: 'confirmDelivery', revealCode: 'revealCode', claim: 'claimDelivery',
      dispute: 'openDispute', answer: 'answerDispute', agreeRefund: 'agreeRefund',
      postReturn: 'postReturn', confirmReturn: 'confirmReturn', denyReturn: 'denyReturn', runDeadline: 'runDeadline',
    },
  },
  shops: {
    orders: {
      get: 'shop', offer: 'offer', register: 'registerShop', update: 'updateShop', setPayout: 'setPayout',
      topUpBond: 'topUpBond', requestBondWithdrawal: 'requestBondWithdrawal', withdrawBond: 'withdrawBond',
      publishOffer: 'publishOffer', addStock: 'addStock', withdrawOffer: 'withdrawOffer',
    },
  },
  devices: {
    orders: {
      get: 'device', slot: 'slotOf', mandate: 'mandateOf', holiday: 'holidayOf',
      register: 'registerDevice', rotateKey: 'rotateDeviceKey', setStatus: 'setDeviceStatus', transfer: 'transferDevice',
      setSlot: 'setSlot', rearmSlot: 'rearmSlot', setMandate: 'setMandate', pauseMandate: 'pauseMandate',
      revokeMandate: 'revokeMandate', setHoliday: 'setHoliday', relay: 'relayDevice',
    },
  },
  credits: {
    credits: { createReserve: 'createReserve', createCommunity: 'createCommunity', count: 'count' },
    credit: {
      name: 'name', symbol: 'symbol', decimals: 'decimals', totalSupply: 'totalSupply', balanceOf: 'balanceOf', allowance: 'allowance',
      currency: 'currency', issuer: 'issuer', claimRule: 'claimRule',
      transfer: 'transfer', approve: 'approve', permit: 'permit', nonces: 'nonces', domainSeparator: 'DOMAIN_SEPARATOR', transferWithMemo: 'transferWithMemo', transferFrom: 'transferFrom', issue: 'issue', redeem: 'redeem', claim: 'claim',
    },
  },
  accounts: {
    accounts: {
      rootStands: 'rootStands', keys: 'keysOf', key: 'keyOf', reach: 'reachOf', guardians: 'guardiansOf', recovery: 'recoveryOf', sealingKey: 'sealingKeyOf',
      authorizeKey: 'authorizeKey', revokeKey: 'revokeKey', setGuardians: 'setGuardians', nameKey: 'nameKey', vetoRecovery: 'vetoRecovery',
      runDeadline: 'runDeadline', publishSealingKey: 'publishSealingKey', withdrawSealingKey: 'withdrawSealingKey',
    },
  },
  roles: { roles: { has: 'has', grant: 'grant', revoke: 'revoke', renounce: 'renounce' } },
  disputes: { disputes: { get: 'get', rule: 'rule', runDeadline: 'runDeadline' } },
  energy: {
    energy: {
      market: 'market', meter: 'meter', meterAt: 'meterAt', purse: 'purse', auction: 'auction', auctionId: 'auctionId', book: 'book', slot: 'slot',
      position: 'position', metered: 'metered', costOf: 'costOf', redispatch: 'redispatch', sharing: 'sharing', challenge: 'challenge',
      openMarket: 'openMarket', setCaps: 'setCaps', orderRedispatch: 'orderRedispatch', registerMeter: 'registerMeter', attestMeter: 'attestMeter', deposit: 'deposit', withdraw: 'withdraw',
      commit: 'commit', reveal: 'reveal', announce: 'announce', submit: 'submit', relayReadings: 'relayReadings', runAuction: 'runAuction', runSlot: 'runSlot',
      runSharing: 'runSharing', challengeReading: 'challengeReading', answerChallenge: 'answerChallenge', runChallenge: 'runChallenge',
    },
  },
} as const;
