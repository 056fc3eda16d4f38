import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { scenario } from '../lib/scenario.js'
import { openVote, optionHash, sealVote } from '../lib/votes.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010021'
const BORIS = '15550020021'
const CHLOE = '15550030021'

scenario('polls and votes go both ways, each vote sealed by one side and opened by the other', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    const client = await stage.linked(ANNA, 'Anna')
    const act = (body) => network.post(`/accounts/${BORIS}/send`, { to: ANNA, ...body })
    const [anna, boris] = [(await network.account(ANNA)).lid, (await network.account(BORIS)).lid]

    // A person asks, the client votes and changes its mind.
    const { waMessageId } = await act({ type: 'poll', name: 'Drink?', options: ['tea', 'coffee'], selectableCount: 1 })
    const asked = await client.waitFor('message', ({ message }) => pollOf(message)?.name === 'Drink?', 'the poll')
    const ballot = { secret: secretOf(asked), pollId: waMessageId, creator: boris, voter: anna }
    for (const option of ['tea', 'coffee']) {
        await client.wa.sendMessage(boris, {
            pollUpdateMessage: {
                pollCreationMessageKey: { remoteJid: boris, fromMe: false, id: waMessageId },
                vote: sealVote(ballot, [option]),
                senderTimestampMs: Date.now()
            }
        })
        await tallied(network, BORIS, waMessageId, option, [ANNA])
    }

    // The client asks, the person votes.
    const secret = randomBytes(32)
    const own = await client.wa.sendMessage(boris, {
        pollCreationMessageV3: { name: 'Cake?', options: [{ optionName: 'plain' }, { optionName: 'lemon' }], selectableOptionsCount: 1 },
        messageContextInfo: { messageSecret: secret }
    })
    await network.received(BORIS, 'Cake?')
    await act({ type: 'vote', waMessageId: own.id, options: ['lemon'] })
    const voted = await client.waitFor('message', voteOn(own.id), 'the vote')
    const chosen = openVote({ secret, pollId: own.id, creator: anna, voter: boris }, voted.message.pollUpdateMessage.vote)
    assert.deepEqual(chosen, [optionHash('lemon').toString('hex')])
})

scenario('a vote in a group is sealed under the addresses of the group, and the library opens it', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    await network.person(CHLOE, 'Chloe')
    await network.person(ANNA, 'Anna')
    const client = stage.client({ settings: { addons: { autoDecrypt: true } } })
    await client.pairByQr(ANNA)
    const { groupJid } = await network.post('/groups', { subject: 'Lunch', owner: BORIS, members: [ANNA, CHLOE] })
    await client.quiet()

    const poll = { to: groupJid, type: 'poll', name: 'When?', options: ['now', 'later'] }
    const { waMessageId } = await network.post(`/accounts/${BORIS}/send`, poll)
    await client.waitFor('message', ({ message }) => pollOf(message)?.name === 'When?', 'the poll')
    await client.quiet()
    await network.post(`/accounts/${CHLOE}/send`, { to: groupJid, type: 'vote', waMessageId, options: ['now', 'later'] })
    const addon = await client.waitFor('message_addon', (event) => event.targetMessageId === waMessageId, 'the opened vote')
    assert.deepEqual([...addon.decrypted.selectedOptionNames].sort(), ['later', 'now'])
    await tallied(network, BORIS, waMessageId, 'now', [CHLOE])
})

function pollOf(message) {
    return message?.pollCreationMessage ?? message?.pollCreationMessageV3
}

function secretOf(event) {
    return Buffer.from(event.message.messageContextInfo.messageSecret)
}

function voteOn(id) {
    return ({ message }) => message?.pollUpdateMessage?.pollCreationMessageKey?.id === id
}

/** Waits until exactly these people chose an option of the poll. */
function tallied(network, phone, id, option, voters) {
    return until(`${voters} to have chosen ${option}`, async () => {
        const line = (await network.inbox(phone)).find((entry) => entry.waMessageId === id)
        const chosen = line?.poll.options.find(({ text }) => text === option)?.voters ?? []
        return chosen.join() === voters.map((voter) => `${voter}@s.whatsapp.net`).join()
    })
}
