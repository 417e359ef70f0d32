// Preloaded into a process under test: a wall clock that is wrong from the start, or from SIGUSR2 on.
const now = Date.now
let shiftMs = Number(process.env['CLOCK_SHIFT_MS'] ?? 0)
Date.now = () => now() + shiftMs

const onSignal = process.env['CLOCK_SHIFT_ON_SIGUSR2_MS']
if (onSignal !== undefined) process.on('SIGUSR2', () => (shiftMs = Number(onSignal)))
