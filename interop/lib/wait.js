/** Waiting on conditions, never on time: every wait has a deadline and says what it waited for. */

export const PATIENCE_MS = Number(process.env.WHARF_INTEROP_PATIENCE_MS ?? 20_000);

/**
 * Asks `probe` again and again until it answers something truthy; returns that answer.
 * @template T
 * @param {string} what   named in the failure
 * @param {() => T | Promise<T>} probe
 * @param {number} [ms]
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, probe, ms = PATIENCE_MS) {
    const deadline = Date.now() + ms
    for (;;) {
        const answer = await probe()
        if (answer) return answer
        if (Date.now() > deadline) throw new Error(`waited ${ms} ms in vain for ${what}`)
        await new Promise((resolve) => setTimeout(resolve, 25))
    }
}
