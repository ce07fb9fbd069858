// The status page: asks the node it came from, over one WebSocket, and nobody else. No framework, no build step.

const WORDS = {
  en: {
    skip: "Skip to the content", connecting: "Connecting …", live: "Live: every block shown is final", lost: "The node does not answer. Trying again …",
    block: "block", clock: "time of the chain (UTC)", pace: "chain time against wall time", open: "open orders", settledCount: "settled orders",
    public: "Orders stand on a public ledger for ever: what was bought, when, how often. No name and no address of a home is written there.",
    orders: "Orders", order: "Order", stateHead: "State", shop: "Shop", household: "Household", total: "Total", since: "Since", next: "What comes next",
    timeline: "Timeline", shops: "Shops", name: "Name", bond: "Bond", reserved: "Reserved for orders", account: "Account", devices: "Devices",
    device: "Device", status: "Status", level: "Level", messages: "Messages signed", blocks: "Blocks", time: "Time", transactions: "Transactions",
    gas: "Gas", hash: "Hash", foot: "This page is served by the node itself and asks nobody else. A block shown here is final.",
    simulated: "simulated", none: "Nothing here yet", noOrders: "No orders yet. The first one comes when a machine runs low.", until: "until", of: "of",
    states: {
      PendingApproval: ["waits for approval", "the owner approves, or it lapses"], Placed: ["placed", "the shop accepts, or the money goes back"],
      Accepted: ["accepted", "the shop ships, or pays a penalty"], Shipped: ["shipped", "it is delivered, or the money goes back"],
      Claimed: ["said to be delivered", "it settles unless the owner contests"], Disputed: ["disputed", "the shop answers, or the owner wins"],
      Arbitration: ["with an arbiter", "an arbiter rules, or the agreed split holds"], Settled: ["settled", "the owner may return the goods"],
      ReturnPosted: ["return posted", "the shop confirms, or the money goes back"], ReturnDenied: ["return denied", "an arbiter rules"],
      Lapsed: ["lapsed", ""], Cancelled: ["cancelled", ""], Refunded: ["refunded", ""], Ruled: ["ruled", ""], Returned: ["returned", ""], Closed: ["settled and closed", ""],
    },
    statuses: { Active: "active", Suspended: "suspended", Retired: "retired" },
  },
  ko: {
    skip: "본문으로 건너뛰기", connecting: "연결 중 …", live: "실시간: 보이는 블록은 모두 확정되었습니다", lost: "노드가 응답하지 않습니다. 다시 시도합니다 …",
    block: "블록", clock: "체인의 시각 (UTC)", pace: "실제 시간 대비 체인 시간", open: "진행 중인 주문", settledCount: "정산된 주문",
    public: "주문은 공개 원장에 영원히 남습니다: 무엇을, 언제, 얼마나 자주 샀는지. 이름과 집 주소는 적히지 않습니다.",
    orders: "주문", order: "주문", stateHead: "상태", shop: "가게", household: "가구", total: "합계", since: "시작", next: "다음 단계",
    timeline: "경과", shops: "가게", name: "이름", bond: "보증금", reserved: "주문에 묶인 금액", account: "계정", devices: "기기",
    device: "기기", status: "상태", level: "잔량", messages: "서명한 메시지", blocks: "블록", time: "시각", transactions: "거래",
    gas: "가스", hash: "해시", foot: "이 페이지는 노드가 직접 제공하며 다른 곳에 아무것도 요청하지 않습니다. 보이는 블록은 확정된 것입니다.",
    simulated: "시뮬레이션", none: "아직 없습니다", noOrders: "아직 주문이 없습니다. 세제가 떨어지면 첫 주문이 나옵니다.", until: "기한", of: "/",
    states: {
      PendingApproval: ["승인 대기", "주인이 승인하지 않으면 소멸합니다"], Placed: ["주문됨", "가게가 수락하지 않으면 환불됩니다"],
      Accepted: ["수락됨", "가게가 발송하지 않으면 위약금을 냅니다"], Shipped: ["발송됨", "배송되지 않으면 환불됩니다"],
      Claimed: ["배송되었다고 함", "주인이 이의를 제기하지 않으면 정산됩니다"], Disputed: ["분쟁", "가게가 답하지 않으면 주인이 이깁니다"],
      Arbitration: ["중재 중", "중재인이 정하거나 약속한 비율대로 나눕니다"], Settled: ["정산됨", "주인이 반품할 수 있습니다"],
      ReturnPosted: ["반품 발송됨", "가게가 확인하지 않으면 환불됩니다"], ReturnDenied: ["반품 거부됨", "중재인이 정합니다"],
      Lapsed: ["소멸", ""], Cancelled: ["취소됨", ""], Refunded: ["환불됨", ""], Ruled: ["판정됨", ""], Returned: ["반품됨", ""], Closed: ["정산 완료", ""],
    },
    statuses: { Active: "사용 중", Suspended: "정지됨", Retired: "폐기됨" },
  },
};

const BLOCKS_SHOWN = 20, ROWS_SHOWN = 50, RETRY_MS = 1000, REFRESH_MS = 500, UNKNOWN_METHOD = -32601;
const OPEN = ["PendingApproval", "Placed", "Accepted", "Shipped", "Claimed", "Disputed", "Arbitration"];
const SETTLED = ["Settled", "Closed"];
const BAD = ["Disputed", "Arbitration", "Refunded", "Lapsed", "ReturnDenied"];

let lang = navigator.language.startsWith("ko") ? "ko" : "en";
let words = WORDS[lang];
let socket, nextId = 1, waiting = new Map(), blocks = [], people = new Map(), shown = null, stale = true, connected = false;
let orders = [], shops = [], devices = [], trading = true; // false where the node has no orders to ask about

const el = (id) => document.getElementById(id);
const short = (hex) => `${hex.slice(0, 8)}…${hex.slice(-4)}`;
const number = (hex) => Number(BigInt(hex ?? 0));
const clock = (ms) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
const money = (minor) => (Number(minor) / 100).toLocaleString(lang, { minimumFractionDigits: 2 });

function ask(method, ...params) {
  return new Promise((resolve, reject) => {
    const id = nextId++;
    waiting.set(id, { resolve, reject });
    socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  });
}

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`);
  socket.onopen = async () => {
    connected = true;
    await start().catch(console.error);
    state();
  };
  socket.onclose = () => {
    connected = false;
    waiting.forEach(({ reject }) => reject(new Error("closed")));
    waiting.clear();
    state();
    setTimeout(connect, RETRY_MS);
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.method === "eth_subscription") head(message.params.result);
    else if (message.error) call?.reject(Object.assign(new Error(message.error.message), { code: message.error.code }));
    else call?.resolve(message.result);
  };
}

async function start() {
  const newest = number(await ask("eth_blockNumber"));
  const heights = Array.from({ length: Math.min(BLOCKS_SHOWN, newest + 1) }, (_, i) => newest - i);
  blocks = await Promise.all(heights.map((h) => ask("eth_getBlockByNumber", `0x${h.toString(16)}`, false)));
  blocks = blocks.filter(Boolean).map((b) => ({ ...b, seen: 0 }));
  await ask("eth_subscribe", "newHeads");
  const named = await fetch("/town.json").then((r) => (r.ok ? r.json() : [])).catch(() => []);
  people = new Map(named.map((p) => [p.address.toLowerCase(), p]));
  stale = true;
}

async function head(header) {
  const block = await ask("eth_getBlockByNumber", header.number, false).catch(() => null);
  if (!block) return;
  blocks = [{ ...block, seen: Date.now() }, ...blocks.filter((b) => b.number !== block.number)].slice(0, BLOCKS_SHOWN);
  stale = true;
}

/** Fetches what changed and draws, at most twice a second: blocks may come faster than a person reads. */
async function refresh() {
  if (stale && connected) {
    stale = false;
    try {
      if (trading) [orders, shops, devices] = await Promise.all([ask("dure_orders", ROWS_SHOWN), ask("dure_shops", ROWS_SHOWN), ask("dure_devices", ROWS_SHOWN)]);
      if (shown) await timeline(shown);
    } catch (error) {
      if (error.code === UNKNOWN_METHOD) trading = false;
      else el("orders-note").textContent = error.message;
    }
    document.querySelectorAll("[data-orders]").forEach((node) => { node.hidden = !trading; });
    draw();
  }
  setTimeout(refresh, REFRESH_MS);
}

function cell(text, options = {}) {
  const td = document.createElement("td");
  td.dataset.head = options.head ? (words[options.head] ?? options.head) : "";
  if (options.className) td.className = options.className;
  td.append(text);
  return td;
}

function who(address, fallback) {
  const span = document.createElement("span");
  const person = people.get(address?.toLowerCase());
  span.append(person?.name ?? fallback ?? short(address));
  span.title = address;
  if (person?.simulated) {
    const badge = document.createElement("span");
    badge.className = "badge";
    badge.textContent = words.simulated;
    span.append(" ", badge);
  }
  return span;
}

function rows(id, items, cells, empty = words.none) {
  const body = el(id);
  body.replaceChildren(
    ...items.map((item) => {
      const tr = document.createElement("tr");
      tr.append(...cells(item));
      return tr;
    }),
  );
  if (items.length === 0) {
    const tr = document.createElement("tr"), td = cell(empty);
    td.colSpan = 9;
    tr.append(td);
    body.append(tr);
  }
}

function stateCell(name) {
  const span = document.createElement("span");
  span.textContent = words.states[name]?.[0] ?? name;
  span.className = SETTLED.includes(name) ? "good" : BAD.includes(name) ? "bad" : "";
  return cell(span, { head: "stateHead" });
}

function orderButton(order) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "mono";
  button.dataset.order = order.id;
  button.textContent = short(order.id);
  button.title = order.id;
  button.onclick = () => {
    shown = order.id;
    timeline(order.id).then(() => el("timeline").scrollIntoView({ block: "nearest" }));
  };
  return button;
}

function level(device) {
  const box = document.createElement("span");
  for (const slot of device.slots ?? []) {
    if (!slot.levelMs) continue; // never read
    const bar = document.createElement("progress");
    bar.max = Number(slot.capacity);
    bar.value = Number(slot.level);
    bar.setAttribute("aria-label", words.level);
    box.append(bar, ` ${slot.level} ${words.of} ${slot.capacity} ${slot.unit}`);
  }
  return box;
}

function draw() {
  const newest = blocks[0];
  if (newest) {
    el("height").textContent = number(newest.number).toLocaleString(lang);
    el("clock").textContent = clock(blockMs(newest)).slice(5);
    el("pace").textContent = pace();
  }
  el("open").textContent = orders.filter((o) => OPEN.includes(o.state)).length;
  el("settled").textContent = orders.filter((o) => SETTLED.includes(o.state)).length;
  const focus = document.activeElement?.dataset?.order;
  rows("orders-rows", orders, (o) => [
    cell(orderButton(o), { head: "order" }), stateCell(o.state), cell(who(o.shop, shopName(o.shop)), { head: "shop" }), cell(who(o.owner), { head: "household" }),
    cell(money(o.total), { className: "n", head: "total" }), cell(clock(Number(o.sinceMs)), { head: "since" }), cell(nextText(o), { className: "wrap", head: "next" }),
  ], words.noOrders);
  if (focus) document.querySelector(`[data-order="${focus}"]`)?.focus();
  rows("shops-rows", shops, (s) => [
    cell(who(s.account, s.name), { head: "name" }), cell(s.gln, { head: "GLN", className: "mono" }), cell(money(s.bond), { className: "n", head: "bond" }),
    cell(money(s.reserved), { className: "n", head: "reserved" }), cell(short(s.account), { head: "account", className: "mono" }),
  ]);
  rows("devices-rows", devices, (d) => [
    cell(short(d.id), { head: "device", className: "mono" }), cell(who(d.owner), { head: "household" }), cell(words.statuses[d.status] ?? d.status, { head: "status" }),
    cell(level(d), { head: "level" }), cell(String(d.sequence), { className: "n", head: "messages" }),
  ]);
  rows("blocks-rows", blocks, (b) => [
    cell(number(b.number).toLocaleString(lang), { className: "n", head: "block" }), cell(clock(blockMs(b)), { head: "time" }),
    cell(String(b.transactions.length), { className: "n", head: "transactions" }), cell(number(b.gasUsed).toLocaleString(lang), { className: "n", head: "gas" }),
    cell(short(b.hash), { head: "hash", className: "mono" }),
  ]);
}

const blockMs = (block) => (block.timestampMs ? number(block.timestampMs) : number(block.timestamp) * 1000);
const shopName = (account) => shops.find((s) => s.account.toLowerCase() === account?.toLowerCase())?.name;

function nextText(order) {
  const next = words.states[order.state]?.[1];
  return next ? `${next} (${words.until} ${clock(Number(order.deadlineMs))})` : "–";
}

/** Chain time that passed over the wall time in which this page saw it pass. */
function pace() {
  const seen = blocks.filter((b) => b.seen);
  const first = seen.at(-1), last = seen[0];
  if (!first || last.seen - first.seen < 1000) return "–";
  const factor = (blockMs(last) - blockMs(first)) / (last.seen - first.seen);
  return `${factor >= 10 ? Math.round(factor) : factor.toFixed(1)} ×`;
}

async function timeline(order) {
  const steps = await ask("dure_orderTimeline", order);
  el("timeline").hidden = false;
  el("timeline-order").textContent = order;
  el("timeline-rows").replaceChildren(
    ...steps.map((step) => {
      const li = document.createElement("li"), time = document.createElement("time");
      time.textContent = clock(Number(step.timeMs));
      li.append(time, ` ${step.sentence ?? step.event} (${words.block} ${step.height})`);
      return li;
    }),
  );
}

function state() {
  el("state").textContent = connected ? words.live : words.lost;
  el("state").classList.toggle("bad", !connected);
}

function speak(language) {
  lang = language;
  words = WORDS[lang];
  document.documentElement.lang = lang;
  document.querySelectorAll("[data-t]").forEach((node) => { node.textContent = words[node.dataset.t]; });
  el("lang").textContent = lang === "ko" ? "English" : "한국어";
  el("lang").lang = lang === "ko" ? "en" : "ko";
  draw();
}

el("lang").onclick = () => { speak(lang === "ko" ? "en" : "ko"); state(); };
speak(lang);
connect();
refresh();
