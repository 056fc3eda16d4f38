/**
 * The simulated network as a child process, and the hand that holds its phones (the control API).
 *
 * One process a scenario: a world that starts empty, on ports of its own, gone when the scenario ends.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { PATIENCE_MS, until } from './wait.js'

const DEFAULT_BINARY = fileURLToPath(new URL('../../target/debug/examples/serve', import.meta.url))

export class Network {
    /** @type {import('node:child_process').ChildProcess} */ #child
    #data
    #stderr = []

    /** Starts an empty world and waits for its ready line. */
    static async start() {
        const network = new Network()
        network.#data = await mkdtemp(join(tmpdir(), 'wharf-interop-'))
        await network.#launch()
        return network
    }

    /** Kills the process without a word and starts another on the same world, at new addresses. */
    async crashAndRestart() {
        const gone = once(this.#child, 'exit')
        this.#child.kill('SIGKILL')
        await gone
        await this.#launch()
    }

    async #launch() {
        const binary = process.env.WHARF_SANDBOX_BIN ?? DEFAULT_BINARY
        const child = spawn(binary, [this.#data], { stdio: ['pipe', 'pipe', 'pipe'] })
        this.#child = child
        process.once('exit', () => child.kill('SIGKILL'))
        child.stderr.setEncoding('utf8').on('data', (text) => {
            this.#stderr.push(text)
            if (this.#stderr.length > 400) this.#stderr.shift()
        })
        const ready = await new Promise((resolve, reject) => {
            const timer = setTimeout(
                () => reject(new Error(`${binary} printed no ready line\n${this.#stderr.join('')}`)),
                PATIENCE_MS
            )
            child.once('error', (error) => reject(new Error(`cannot start ${binary}: ${error.message}`)))
            child.once('exit', (code, signal) =>
                reject(new Error(`${binary} ended early (${code ?? signal})\n${this.#stderr.join('')}`))
            )
            createInterface({ input: child.stdout }).on('line', (line) => {
                if (!line.startsWith('{')) return
                clearTimeout(timer)
                resolve(JSON.parse(line))
            })
        })
        child.removeAllListeners('exit')
        assert.equal(ready.ready, true)
        this.url = ready.sandboxUrl
        this.chatUrl = ready.chatUrl
        this.noiseRoot = Buffer.from(ready.noiseRoot, ready.noiseRoot.length === 64 ? 'hex' : 'base64')
        assert.equal(this.noiseRoot.length, 32, 'noiseRoot is a raw X25519 key')
        this.caFile = ready.caFile
        this.ca = ready.caFile ? await readFile(ready.caFile) : undefined
    }

    /** The last stanzas, and what the server said on standard error: shown when a scenario fails. */
    async log() {
        const { lines } = await this.trace(120).catch(() => ({ lines: [] }))
        const trace = lines.map((line) => `${line.device} ${line.direction} ${line.text}`)
        return [...trace, ...this.#stderr.join('').split('\n').slice(-40)].join('\n')
    }

    async stop() {
        const child = this.#child
        if (child.exitCode === null && child.signalCode === null) {
            const gone = once(child, 'exit')
            child.kill('SIGTERM')
            const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
            await gone
            clearTimeout(timer)
        }
        await rm(this.#data, { recursive: true, force: true })
    }

    /** @param {string} method @param {string} path @param {unknown} [body] */
    async call(method, path, body) {
        const response = await fetch(`${this.url}${path}`, {
            method,
            headers: body === undefined ? {} : { 'content-type': 'application/json' },
            body: body === undefined ? undefined : JSON.stringify(body)
        })
        const text = await response.text()
        assert.ok(response.ok, `${method} ${path} answered ${response.status}: ${text}`)
        return text === '' ? null : JSON.parse(text)
    }

    get(path) {
        return this.call('GET', path)
    }

    post(path, body) {
        return this.call('POST', path, body)
    }

    delete(path) {
        return this.call('DELETE', path)
    }

    /** A number with its primary phone. */
    async person(phone, name, more = {}) {
        await this.post('/accounts', { phone, name, ...more })
        return phone
    }

    account(phone) {
        return this.get(`/accounts/${phone}`)
    }

    inbox(phone) {
        return this.get(`/accounts/${phone}/inbox`)
    }

    ledger() {
        return this.get('/ledger')
    }

    trace(limit = 200) {
        return this.get(`/trace?limit=${limit}`)
    }

    /** Waits for a message in what the owner of `phone` sees. */
    received(phone, body) {
        return until(`"${body}" in the inbox of ${phone}`, async () =>
            (await this.inbox(phone)).find((entry) => entry.body === body)
        )
    }

    /**
     * The oracle at the end of every scenario: no two sockets of one device at once, no message key
     * twice, nothing delivered twice, and nothing in the trace that the network could not answer.
     */
    async assertClean() {
        const ledger = await this.ledger()
        assert.deepEqual(ledger.overlaps, [], 'two sockets of one device at once')
        assert.deepEqual(ledger.reusedKeys, [], 'a message key was used twice')
        for (const message of ledger.messages) {
            for (const delivery of message.deliveries ?? []) {
                assert.ok(
                    delivery.count <= 1 || message.resent,
                    `${message.waMessageId} reached ${delivery.device} ${delivery.count} times`
                )
            }
        }
        assert.deepEqual(ledger.violations, [], 'something WhatsApp would not take')
        const { errors } = await this.trace()
        assert.deepEqual(errors.map((line) => line.text), [], 'the network met something it does not know')
    }
}
