/** One scenario: a fresh network, the clients it opens, and the same closing judgement for all. */
import test from 'node:test'
import { ForeignClient } from './client.js'
import { Network } from './network.js'

const LIMIT_MS = Number(process.env.WHARF_INTEROP_LIMIT_MS ?? 90_000)

/**
 * @param {string} name
 * @param {(stage: Stage) => Promise<void>} play
 */
export function scenario(name, play) {
    test(name, { timeout: LIMIT_MS }, async () => {
        const network = await Network.start()
        const stage = new Stage(network)
        try {
            await play(stage)
            await stage.judge()
        } catch (error) {
            await tell(name, network, stage.clients)
            throw error
        } finally {
            await stage.close()
            await network.stop()
        }
    })
}

/** What both sides said, for whoever has to find out why a scenario failed. */
async function tell(name, network, clients) {
    const parts = [`--- "${name}" failed; the network said:`, await network.log()]
    clients.forEach((client, n) => parts.push(`--- client ${n + 1} said:`, client.log()))
    process.stderr.write(`${parts.join('\n')}\n`)
}

export class Stage {
    /** @type {ForeignClient[]} */ clients = []
    /** Complaints that a scenario provokes on purpose. @type {RegExp[]} */ expected = []

    /** @param {Network} network */
    constructor(network) {
        this.network = network
    }

    client(options) {
        const client = new ForeignClient(this.network, options)
        this.clients.push(client)
        return client
    }

    /** A client already linked to a new account of that number. */
    async linked(phone, name) {
        await this.network.person(phone, name)
        const client = this.client()
        await client.pairByQr(phone)
        return client
    }

    async judge() {
        for (const client of this.clients) client.assertContent({ expected: this.expected })
        await this.network.assertClean()
    }

    async close() {
        await Promise.allSettled(this.clients.map((client) => client.wa.disconnect()))
    }
}
