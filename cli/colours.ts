/** Colours for people at a terminal, and for nobody else: pipes, files and CI logs get plain text. */
import picocolors from 'picocolors';

/** https://no-color.org: any value that is not empty turns colours off. */
const wanted = process.stdout.isTTY === true && !process.env.NO_COLOR;

export const pc: ReturnType<typeof picocolors.createColors> = picocolors.createColors(wanted);
