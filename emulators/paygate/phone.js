// SPDX-License-Identifier: Apache-2.0
//
// The phone page's behaviour. One list of codes comes from the gateway whenever its book changes;
// countdowns run between. What the open wallet shows is derived from the code's state each time, so
// a payment that arrives late or a refund appears by itself.
'use strict';

const WORDS = {
    zh: {
        title: '扫码付款',
        subtitle: '演示手机，选一个正在显示的付款码',
        paste: '粘贴二维码里的文字',
        open: '打开',
        noMoney: '演示环境，不产生真实交易',
        waiting: '等待付款',
        earlier: '以前的',
        empty: '还没有付款码。在终端上选好金额，付款码就会出现在这里。',
        unknown: '没有这个付款码',
        alipay: '支付宝',
        wechat: '微信支付',
        sim: '（模拟）',
        to: (who) => `付款给 ${who}`,
        merchant: '先令自助电费',
        left: (t) => `剩余 ${t}`,
        paid: '已支付',
        refunded: '已退款',
        refunding: '退款中',
        closed: '已关闭',
        expired: '已过期',
        armed: '处理中',
        item: '商品',
        order: '商户单号',
        method: '付款方式',
        methodText: { alipay: '账户余额', wechat: '零钱' },
        valid: '有效期',
        state: '状态',
        pay: '确认付款',
        payWechat: '支付',
        late: '晚点付',
        lateWhy: '等商户关闭订单后，银行才到账',
        cancel: '不付了',
        done: '完成',
        processing: '银行处理中',
        processingWhy: '已输入密码。商户关闭订单或二维码过期 2 秒后，这笔钱才会到账。',
        success: '支付成功',
        refusedTitle: '付款失败',
        refused: {
            paid: '这笔订单已经支付过了，没有再次扣款。',
            closed: '商户已关闭这笔订单，没有扣款。',
            expired: '二维码已过期，没有扣款。',
        },
        refundTitle: '已退款',
        refundWhy: '商户已把钱退回，原路到账。',
        refundingWhy: '商户已发起退款，正在原路退回。',
        lateMark: '这笔钱在订单关闭之后才到账。',
        time: '支付时间',
        trade: '交易号',
        back: '返回',
        other: 'English',
    },
    en: {
        title: 'Scan and pay',
        subtitle: 'Demo phone: pick a code that is on a screen',
        paste: "Paste the QR code's text",
        open: 'Open',
        noMoney: 'a demo, no real money moves',
        waiting: 'Waiting for payment',
        earlier: 'Earlier',
        empty: 'No payment codes yet. Choose an amount on the kiosk and its code appears here.',
        unknown: 'No such code',
        alipay: 'Alipay',
        wechat: 'WeChat Pay',
        sim: ' (simulated)',
        to: (who) => `Pay to ${who}`,
        merchant: 'Shilling Energy',
        left: (t) => `${t} left`,
        paid: 'Paid',
        refunded: 'Refunded',
        refunding: 'Refund on its way',
        closed: 'Closed',
        expired: 'Expired',
        armed: 'Processing',
        item: 'Item',
        order: 'Order no.',
        method: 'Pay with',
        methodText: { alipay: 'Balance', wechat: 'Balance' },
        valid: 'Valid for',
        state: 'Status',
        pay: 'Confirm payment',
        payWechat: 'Pay',
        late: 'Pay late',
        lateWhy: 'the bank settles after the order was closed',
        cancel: 'Do not pay',
        done: 'Done',
        processing: 'Your bank is working',
        processingWhy:
            'PIN entered. The money arrives 2 s after the merchant closes the order or the ' +
            'code expires.',
        success: 'Payment successful',
        refusedTitle: 'Payment failed',
        refused: {
            paid: 'This order is already paid. You were not charged again.',
            closed: 'The merchant has closed this order. You were not charged.',
            expired: 'The code has expired. You were not charged.',
        },
        refundTitle: 'Refunded',
        refundWhy: 'The merchant has sent the money back the way it came.',
        refundingWhy: 'The merchant has ordered a refund; it is on its way back.',
        lateMark: 'This money arrived after the order had been closed.',
        time: 'Paid at',
        trade: 'Transaction',
        back: 'Back',
        other: '中文',
    },
};

/** The insides of 24 x 24 drawings; own ones, no wallet's logo. */
const ICONS = {
    alipay:
        '<path d="M5 9.5h14M5 9.5A2.5 2.5 0 0 1 7.5 7H17v2.5M5 9.5V17a2 2 0 0 0 2 2h12V9.5"/>' +
        '<circle cx="15.5" cy="14.2" r="1.1" fill="currentColor" stroke="none"/>',
    wechat:
        '<ellipse cx="12" cy="7.6" rx="6.5" ry="2.9"/>' +
        '<path d="M5.5 7.6v4.4c0 1.6 2.9 2.9 6.5 2.9s6.5-1.3 6.5-2.9V7.6"/>' +
        '<path d="M5.5 12v4.4c0 1.6 2.9 2.9 6.5 2.9s6.5-1.3 6.5-2.9V12"/>',
    tick: '<path d="M5 12.5l4.6 4.6L19 7.6"/>',
    cross: '<path d="M7 7l10 10M17 7L7 17"/>',
    undo: '<path d="M8 5L4 9l4 4M4.5 9H14a5.5 5.5 0 0 1 0 11H9"/>',
    back: '<path d="M15 5l-7 7 7 7"/>',
    code:
        '<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4z"/>' +
        '<path d="M14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2"/>',
};

const $ = (id) => document.getElementById(id);
const remembered = {
    get: () => {
        try {
            return localStorage.getItem('language');
        } catch {
            return null;
        }
    },
    set: (value) => {
        try {
            localStorage.setItem('language', value);
        } catch {
            // A private window has no memory; the choice lasts until it closes.
        }
    },
};

const asked = new URLSearchParams(location.search).get('lang');
const state = {
    language: asked ?? remembered.get() ?? (navigator.language.startsWith('zh') ? 'zh' : 'en'),
    cards: [],
    /** When the list came; countdowns run from here. */
    fetchedAt: 0,
    openId: null,
    /** The refusal shown instead of the bill: a reason, or null. */
    refusal: null,
    busy: false,
    drawn: '',
};
if (!Object.hasOwn(WORDS, state.language)) {
    state.language = 'zh';
}
const t = () => WORDS[state.language];

/** An element; texts are always set as text. */
function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (name === 'onclick') {
            element.addEventListener('click', value);
        } else if (value !== false && value !== null) {
            element.setAttribute(name, value === true ? '' : value);
        }
    }
    element.append(...children.filter((child) => child !== null));
    return element;
}

function icon(name, size, width = 2) {
    const box = document.createElement('span');
    box.style.display = 'grid';
    box.innerHTML =
        `<svg width="${size}" height="${size}" viewBox="0 0 24 24" fill="none" ` +
        `stroke="currentColor" stroke-width="${width}" stroke-linecap="round" ` +
        `stroke-linejoin="round" aria-hidden="true">${ICONS[name]}</svg>`;
    return box.firstChild;
}

const yuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;
const leftMs = (card) => Math.max(0, card.left_ms - (Date.now() - state.fetchedAt));

function minutes(ms) {
    const s = Math.ceil(ms / 1000);
    const mm = String(Math.floor(s / 60) % 60).padStart(2, '0');
    const text = `${mm}:${String(s % 60).padStart(2, '0')}`;
    return s >= 3600 ? `${Math.floor(s / 3600)}:${text}` : text;
}

/** open | armed | paid | refunding | refunded | closed | expired */
function stateOf(card) {
    if (card.state === 'PAID') {
        if (card.refunding) {
            return 'refunding';
        }
        return card.refunded_fen >= card.paid_fen ? 'refunded' : 'paid';
    }
    if (card.armed) {
        return 'armed';
    }
    if (card.state === 'CLOSED') {
        return 'closed';
    }
    return leftMs(card) > 0 ? 'open' : 'expired';
}

// ---- home ----

function clock(ms) {
    return new Date(ms).toLocaleTimeString('zh-CN', { hour: '2-digit', minute: '2-digit' });
}

function drawCard(card) {
    const now = stateOf(card);
    const colour = { paid: 'good', refunded: 'amber', refunding: 'amber', armed: 'amber' }[now];
    const word = now === 'open' ? minutes(leftMs(card)) : t()[now];
    const live = now === 'open' || now === 'armed';
    return make(
        'button',
        {
            class: `card ${live ? 'open' : 'done'}`,
            'data-wallet': card.channel,
            onclick: () => openWallet(card.id),
        },
        make('span', { class: 'badge' }, icon(card.channel, 28, 1.8)),
        make(
            'span',
            { class: 'what' },
            make('b', null, card.subject),
            make('span', null, `${t()[card.channel]} · ${clock(card.created_at)}`),
        ),
        make(
            'span',
            { class: 'sum num' },
            `¥${yuan(card.paid_fen || card.fen)}`,
            make('span', { class: colour ?? '' }, word),
        ),
    );
}

function drawList() {
    const live = (card) => ['open', 'armed'].includes(stateOf(card));
    const waiting = state.cards.filter(live);
    const earlier = state.cards.filter((card) => !live(card));
    const parts = [];
    if (state.cards.length === 0) {
        parts.push(make('div', { class: 'empty' }, icon('code', 64, 1.4), t().empty));
    }
    if (waiting.length > 0) {
        parts.push(make('div', { class: 'label' }, t().waiting), ...waiting.map(drawCard));
    }
    if (earlier.length > 0) {
        parts.push(make('div', { class: 'label' }, t().earlier), ...earlier.map(drawCard));
    }
    $('list').replaceChildren(...parts);
}

// ---- wallet ----

function rows(pairs) {
    const row = ([name, value]) =>
        make(
            'div',
            null,
            make('dt', null, name),
            make('dd', { class: value.length > 26 ? 'long' : null }, value),
        );
    return make('dl', { class: 'num' }, ...pairs.map(row));
}

function bar(title) {
    const label = { 'aria-label': t().back, onclick: closeWallet };
    return make(
        'div',
        { class: 'bar' },
        make('button', label, icon('back', 26)),
        make('span', null, title),
    );
}

function amount(fen) {
    return make('div', { class: 'amount num' }, make('i', null, '¥'), yuan(fen));
}

/** Before paying. */
function drawBill(card) {
    const now = stateOf(card);
    const facts = [
        [t().item, card.subject],
        [t().order, card.out_trade_no],
        [t().method, t().methodText[card.channel]],
    ];
    facts.push(now === 'open' ? [t().valid, minutes(leftMs(card))] : [t().state, t()[now]]);
    const wechat = card.channel === 'wechat';
    return [
        make('div', { class: 'top' }, bar(t()[card.channel] + t().sim)),
        make(
            'div',
            { class: 'bill' },
            make('div', { class: 'who' }, t().to(t().merchant)),
            amount(card.fen),
            rows(facts),
        ),
        make(
            'div',
            { class: 'acts' },
            make(
                'button',
                { class: 'main', disabled: state.busy, onclick: () => pay(card) },
                wechat ? t().payWechat : t().pay,
            ),
            make(
                'button',
                { class: 'second', disabled: state.busy, onclick: () => payLate(card) },
                t().late,
                make('small', null, t().lateWhy),
            ),
            make('button', { class: 'plain', onclick: () => putAway(card) }, t().cancel),
        ),
        make('div', { class: 'sim' }, 'SIMULATOR'),
    ];
}

function drawResult(card, { mark, title, text, tone, facts, fen }) {
    const marks = {
        tick: icon('tick', 46, 2.6),
        cross: icon('cross', 44, 2.6),
        undo: icon('undo', 40, 2.4),
    };
    return [
        bar(t()[card.channel] + t().sim),
        make(
            'div',
            { class: `result ${tone}` },
            make('div', { class: `mark ${tone}` }, ...(marks[mark] ? [marks[mark]] : [])),
            make('h2', null, title),
            fen === null ? null : make('div', { class: 'amount num' }, `¥${yuan(fen)}`),
            text === '' ? null : make('p', null, text),
            facts.length === 0 ? null : rows(facts),
        ),
        make(
            'div',
            { class: 'acts' },
            make('button', { class: 'main', onclick: closeWallet }, t().done),
        ),
        make('div', { class: 'sim' }, 'SIMULATOR'),
    ];
}

function describeResult(card, now) {
    const facts = [
        [t().item, card.subject],
        [t().order, card.out_trade_no],
    ];
    if (state.refusal !== null) {
        const text = t().refused[state.refusal] ?? state.refusal;
        return { mark: 'cross', title: t().refusedTitle, text, tone: 'bad', facts, fen: null };
    }
    if (now === 'armed') {
        const text = t().processingWhy;
        return { mark: '', title: t().processing, text, tone: 'wait', facts, fen: card.fen };
    }
    if (card.trade_no !== null) {
        facts.push([t().trade, card.trade_no]);
    }
    const late = card.late ? t().lateMark : '';
    if (now === 'refunded' || now === 'refunding') {
        const text = now === 'refunded' ? t().refundWhy : t().refundingWhy;
        const title = now === 'refunded' ? t().refundTitle : t().refunding;
        return { mark: 'undo', title, text, tone: 'back', facts, fen: card.paid_fen };
    }
    const title = t().success;
    return { mark: 'tick', title, text: late, tone: 'fine', facts, fen: card.paid_fen };
}

function drawWallet() {
    const card = state.cards.find((one) => one.id === state.openId);
    const box = $('wallet');
    if (card === undefined) {
        box.classList.remove('shown');
        return;
    }
    const now = stateOf(card);
    const over = state.refusal !== null || !['open', 'closed', 'expired'].includes(now);
    const seconds = over ? 0 : Math.ceil(leftMs(card) / 1000);
    const { refusal, busy, language } = state;
    const picture = JSON.stringify([{ ...card, left_ms: seconds }, now, refusal, busy, language]);
    if (state.drawn === picture) {
        box.classList.add('shown');
        return;
    }
    state.drawn = picture;
    box.dataset.wallet = card.channel;
    box.className = `shown ${over ? 'flat out' : ''}`;
    box.replaceChildren(...(over ? drawResult(card, describeResult(card, now)) : drawBill(card)));
}

// ---- doing ----

async function command(line) {
    const answer = await fetch('/sim/control', { method: 'POST', body: line });
    return (await answer.text()).trim();
}

/** `error expired this code ...` -> expired */
function refusalOf(answer) {
    if (!answer.startsWith('error')) {
        return null;
    }
    const reason = answer.split(' ')[1];
    return Object.hasOwn(t().refused, reason) ? reason : answer.slice(6);
}

async function act(line) {
    state.busy = true;
    drawWallet();
    const answer = await command(line);
    state.busy = false;
    state.refusal = refusalOf(answer);
    await refresh();
}

const pay = (card) => act(`pay ${card.id}`);
const payLate = (card) => act(`pay-when-closed ${card.id}`);

async function openWallet(id) {
    state.openId = id;
    state.refusal = null;
    state.drawn = '';
    const card = state.cards.find((one) => one.id === id);
    if (card !== undefined && stateOf(card) === 'open' && !card.scanned) {
        await command(`scan ${id}`);
        await refresh();
    }
    drawWallet();
}

function closeWallet() {
    state.openId = null;
    state.refusal = null;
    $('wallet').classList.remove('shown');
}

async function putAway(card) {
    closeWallet();
    await command(`cancel ${card.id}`);
    await refresh();
}

// ---- the frame ----

function draw() {
    document.documentElement.lang = state.language;
    document.querySelectorAll('[data-t]').forEach((element) => {
        element.textContent = t()[element.dataset.t];
    });
    $('text').placeholder = t().paste;
    $('language').textContent = t().other;
    drawList();
    drawWallet();
}

async function refresh() {
    try {
        const answer = await (await fetch('/sim/phone', { cache: 'no-store' })).json();
        state.cards = answer.cards;
        state.fetchedAt = Date.now();
    } catch {
        // The gateway is away; the next tick asks again.
    }
    draw();
}

$('language').addEventListener('click', () => {
    state.language = state.language === 'zh' ? 'en' : 'zh';
    remembered.set(state.language);
    state.drawn = '';
    draw();
});

$('paste').addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = $('text').value.trim();
    await refresh();
    const found = state.cards.find((card) => text === card.out_trade_no || text.endsWith(card.id));
    $('hint').textContent = found === undefined && text !== '' ? t().unknown : '';
    if (found !== undefined) {
        $('text').value = '';
        openWallet(found.id);
    }
});
$('text').addEventListener('input', () => {
    $('hint').textContent = '';
});

new EventSource('/sim/events').addEventListener('message', refresh);
setInterval(draw, 500);
setInterval(refresh, 5000);
refresh().then(() => {
    const id = /^\/SIMULATOR\/([a-z0-9]+)$/.exec(location.pathname)?.[1];
    if (id !== undefined) {
        history.replaceState(null, '', `/${location.search}`);
        openWallet(id);
    }
});
