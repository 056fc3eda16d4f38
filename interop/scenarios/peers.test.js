import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'

const ANNA = '15550010011'
const BORIS = '15550020011'

scenario('two foreign clients reach each other through the network', async (stage) => {
    const anna = await stage.linked(ANNA, 'Anna')
    const boris = await stage.linked(BORIS, 'Boris')
    const { network } = stage

    // The library keeps a session for each address, so an answer goes to the address it came from;
    // the network must bring it back under the one it was written to.
    const sent = await anna.wa.sendMessage(`${BORIS}@s.whatsapp.net`, 'from client to client')
    const event = await boris.text('from client to client')
    assert.equal(event.stanzaId, sent.id)
    assert.equal(event.chatJid.split(':')[0].split('@')[0], ANNA)
    assert.match(event.rawNode.attrs.sender_lid, /^\d+@lid$/)
    // Both the phone and the companion of Boris have it, and both say so.
    await network.received(BORIS, 'from client to client')
    await anna.waitFor('message_receipt', (receipt) => receipt.rawNode.attrs.id === sent.id, 'a receipt')
    await boris.wa.sendMessage(`${ANNA}@s.whatsapp.net`, 'and back')
    await anna.text('and back')

    const { lid } = await network.account(BORIS)
    await anna.wa.sendMessage(lid, 'now to the LID')
    const hidden = await boris.text('now to the LID')
    assert.match(hidden.chatJid, /^\d+:\d+@lid$/)
    assert.equal(hidden.rawNode.attrs.sender_pn, `${ANNA}@s.whatsapp.net`)
    await boris.wa.sendMessage(anna.me.lid.replace(/:\d+/, ''), 'and back to yours')
    await anna.text('and back to yours')

    await boris.wa.sendReceipt({ to: event.chatJid, id: sent.id, type: 'read' })
    await anna.waitFor('message_receipt', (receipt) => receipt.stanzaType === 'read', 'a read receipt')

    const created = await anna.wa.group.createGroup('Two', [`${BORIS}@s.whatsapp.net`])
    const groupJid = `${created.content.find((node) => node.tag === 'group').attrs.id.split('@')[0]}@g.us`
    await boris.waitFor('group_event', (change) => change.groupJid === groupJid, 'the group')
    await anna.wa.sendMessage(groupJid, 'hello, group')
    assert.equal((await boris.text('hello, group')).encryptionType, 'skmsg')
    await boris.wa.sendMessage(groupJid, 'hello, founder')
    await anna.text('hello, founder')
    assert.equal((await network.received(ANNA, 'hello, founder')).chat, groupJid)
    await anna.wa.group.setSubject(groupJid, 'Two of us')
    await boris.waitFor('group_event', (change) => change.action === 'subject', 'the subject')
    assert.equal((await boris.wa.group.queryGroupMetadata(groupJid)).subject, 'Two of us')
})
