/**
 * zapo-js held the way the scenarios need it: everything it sees is kept, everything it complains
 * about is kept too. A warning of a client that implements the protocol independently is a finding.
 *
 * The library looks for a global `WebSocket`, which node has from version 22 on; `ws` stands in.
 * Its history downloads name WhatsApp's own media host, so the agent below answers for name
 * resolution and trusts exactly one authority: the one of the simulated media server.
 */
import assert from 'node:assert/strict'
import https from 'node:https'
import tls from 'node:tls'
import { WebSocket } from 'ws'
import { createStore, WaClient } from 'zapo-js'
import { proto } from 'zapo-js/proto'
import { until } from './wait.js'

globalThis.WebSocket ??= WebSocket

/** Serial of the root in the certificate chain: the first link of the chain names it as its issuer. */
const ROOT_SERIAL = 0

/** Silence that counts as the end of a burst. */
const QUIET_MS = 300

/** Events kept for the assertions, in order of arrival. */
const KEPT = [
    'auth_qr', 'auth_pairing_code', 'auth_paired', 'connection', 'connection_success', 'client_error',
    'message', 'message_receipt', 'message_protocol', 'notification', 'failure', 'stanza_error',
    'stanza_unhandled', 'group_event', 'chat_event', 'history_sync_chunk', 'offline_resume',
    'transport_decode_error', 'presence', 'chatstate', 'call', 'message_addon'
]

/** What the library keeps between two runs: everything in memory, shared by clients of one `memory`. */
export function newMemory() {
    // Participants are asked for at every send: version 0.3.0 caches both addresses of a member from a
    // notification and would then encrypt to one person twice.
    let credentials = null
    const auth = {
        load: async () => credentials,
        save: async (next) => void (credentials = next),
        clear: async () => void (credentials = null)
    }
    const kept = 'memory'
    return createStore({
        backends: { held: { stores: { auth: () => auth }, caches: {} } },
        providers: { auth: 'held', messages: kept, threads: kept, contacts: kept },
        cacheProviders: { retry: kept, participants: 'none', deviceList: kept, messageSecret: kept }
    })
}

export class ForeignClient {
    /** @type {Array<{event: string, value: any}>} */ seen = []
    /** @type {Array<{level: string, message: string, context: any}>} */ said = []
    /** Mutations of every app-state sync, with their decrypted values. @type {any[]} */ mutations = []
    /** Decoded history blobs, downloaded and decrypted by the library. @type {any[]} */ histories = []
    #mediaHost
    #lastStanzaAt = 0

    /**
     * @param {import('./network.js').Network} network
     * @param {{ memory?: ReturnType<typeof newMemory>, settings?: object }} [options] `settings` of the library
     */
    constructor(network, { memory = newMemory(), settings = {} } = {}) {
        this.network = network
        this.memory = memory
        this.store = memory.session('interop')
        this.wa = new WaClient(
            {
                store: memory,
                sessionId: 'interop',
                chatSocketUrls: [network.chatUrl],
                testHooks: { noiseRootCa: { publicKey: network.noiseRoot, serial: ROOT_SERIAL } },
                history: { enabled: true, requireFullSync: true },
                chatEvents: { emitSnapshotMutations: true },
                proxy: { mediaDownload: this.#mediaAgent(), mediaUpload: this.#mediaAgent() },
                deviceOsDisplayName: 'Wharf interop',
                ...settings
            },
            this.#logger()
        )
        for (const event of KEPT) this.wa.on(event, (value) => this.seen.push({ event, value }))
        this.wa.on('transport_node_in', ({ node }) => this.#noteMediaHost(node))
        for (const way of ['transport_node_in', 'transport_node_out']) {
            this.wa.on(way, () => void (this.#lastStanzaAt = Date.now()))
        }
        this.wa.on('message_protocol', (event) => this.#keepHistory(event))
        this.#keepMutations()
    }

    connect() {
        return this.wa.connect()
    }

    /** Leaves like a program that ends in good order: not in the middle of a conversation. */
    async disconnect() {
        await this.quiet()
        await this.wa.disconnect()
    }

    /** Waits until neither side has said anything for a moment: the burst after a login is over. */
    async quiet() {
        await until('silence on the wire', () => Date.now() - this.#lastStanzaAt > QUIET_MS)
    }

    /** All values of one event so far. */
    all(event) {
        return this.seen.filter((entry) => entry.event === event).map((entry) => entry.value)
    }

    /** @param {string} event @param {(value: any) => boolean} [matches] */
    waitFor(event, matches = () => true, what = event) {
        return until(`the client to see ${what}`, () => this.all(event).find(matches))
    }

    /** The decrypted event of a text message. */
    text(body) {
        return this.waitFor('message', (event) => textOf(event.message) === body, `the message "${body}"`)
    }

    /** Connects, lets the phone of `phone` scan, and waits for a login that is ready to be used. */
    async pairByQr(phone) {
        await this.connect()
        const { qr } = await this.waitFor('auth_qr')
        await this.network.post(`/accounts/${phone}/scan`, { qr })
        await this.loggedIn()
    }

    /** Paired, logged in as a registered device, and given the keys of the app state by the phone. */
    async loggedIn() {
        await this.waitFor('auth_paired')
        await this.ready()
        await until('the app-state keys of the phone', () =>
            this.heard('imported app-state sync key share from protocol message')
        )
        await this.quiet()
    }

    /** Logged in, and the server's digest of our keys found right. */
    async ready() {
        await this.waitFor('connection_success')
        await until('a valid key digest', () => this.heard('signal digest validated'))
    }

    get me() {
        const credentials = this.wa.getCredentials()
        return { jid: credentials?.meJid, lid: credentials?.meLid }
    }

    /** Whether the library's own log has this line. */
    heard(message) {
        return this.said.some((line) => line.message === message)
    }

    /** @param {{ expected?: RegExp[] }} [options] complaints that the scenario provokes itself */
    assertContent({ expected = [] } = {}) {
        const complaints = this.said
            .filter((line) => line.level === 'warn' || line.level === 'error')
            .filter((line) => !isHabit(line))
            .filter((line) => !expected.some((pattern) => pattern.test(line.message)))
            .map((line) => `${line.level} ${line.message} ${printable(line.context)}`)
        assert.deepEqual(complaints, [], 'the foreign client complained')
        for (const event of ['stanza_unhandled', 'stanza_error', 'transport_decode_error', 'client_error']) {
            const values = this.all(event)
                .filter((value) => !isIdleAck(value))
                .filter((value) => !expected.some((pattern) => pattern.test(value.reason ?? '')))
                .map(printable)
            assert.deepEqual(values, [], `the foreign client met ${event}`)
        }
    }

    /** The last lines of the library's log: shown when a scenario fails. */
    log() {
        return this.said
            .filter((line) => line.level !== 'trace')
            .slice(-80)
            .map((line) => `${line.level} ${line.message} ${printable(line.context)}`)
            .join('\n')
    }

    #logger() {
        const write = (level) => (message, context) => {
            this.said.push({ level, message, context })
            if (process.env.WHARF_INTEROP_VERBOSE) console.error(level, message, printable(context))
        }
        return {
            level: 'trace',
            trace: write('trace'),
            debug: write('debug'),
            info: write('info'),
            warn: write('warn'),
            error: write('error')
        }
    }

    /** The server says where its media are; the library only heeds that for uploads. */
    #noteMediaHost(node) {
        const [child] = Array.isArray(node.content) ? node.content : []
        if (child?.tag !== 'media_conn') return
        this.#mediaHost = child.content?.find((host) => host.tag === 'host')?.attrs.hostname
    }

    #mediaAgent() {
        const agent = new https.Agent({ keepAlive: false })
        agent.createConnection = () => {
            assert.ok(this.#mediaHost, 'a media request before media_conn was answered')
            const [host, port = '443'] = this.#mediaHost.split(':')
            return tls.connect({
                host,
                port: Number(port),
                servername: /^[\d.]+$/.test(host) ? undefined : host,
                ca: this.network.ca
            })
        }
        return agent
    }

    #keepHistory(event) {
        const notification = event.protocolMessage?.historySyncNotification
        if (!notification) return
        const download = notification.initialHistBootstrapInlinePayload?.length
            ? Promise.resolve(notification.initialHistBootstrapInlinePayload)
            : this.wa.mediaTransfer.downloadAndDecrypt({
                  directPath: notification.directPath,
                  mediaType: 'history',
                  mediaKey: notification.mediaKey,
                  fileSha256: notification.fileSha256,
                  fileEncSha256: notification.fileEncSha256
              })
        download
            .then(inflated)
            .then((bytes) => this.histories.push(proto.HistorySync.decode(bytes)))
            .catch((error) => this.said.push({ level: 'error', message: 'history blob', context: error }))
    }

    /** The library's own event leaves the decrypted value out, and the value is what we judge. */
    #keepMutations() {
        const client = this.wa.appStateSync
        const sync = client.sync.bind(client)
        client.sync = async (options) => {
            const result = await sync(options)
            for (const collection of result.collections) this.mutations.push(...(collection.mutations ?? []))
            return result
        }
    }
}

/** Said as a warning at every deliberate disconnect, and no complaint: there was no query to clear. */
function isHabit({ message, context }) {
    return message === 'clearing pending node queries' && context.count === 0
}

/** Servers acknowledge receipts and calls; the library has no use for that and says so. */
function isIdleAck({ reason, rawNode }) {
    return reason === 'unhandled.ack' && ['receipt', 'call'].includes(rawNode.attrs.class)
}

/** @param {any} message a decoded `Message` */
export function textOf(message) {
    return message?.conversation || message?.extendedTextMessage?.text || undefined
}

async function inflated(bytes) {
    const { inflateSync } = await import('node:zlib')
    return inflateSync(bytes)
}

function printable(value) {
    if (value instanceof Error) return value.stack
    try {
        return JSON.stringify(value, (_key, inner) =>
            inner?.type === 'Buffer' || inner instanceof Uint8Array ? '<bytes>' : inner
        )
    } catch {
        return String(value)
    }
}
