/**
 * Gives a stream's messages on, and lets go of what it holds once nobody has taken one
 * for too long; whoever reads on then gets the error.
 */
export async function* endingWhenStalled<T>(
  messages: AsyncIterable<T>,
  { stalledMs, onStall, error }: Readonly<{ stalledMs: number; onStall: () => void; error: () => Error }>,
): AsyncGenerator<T> {
  for await (const message of messages) {
    let stalled = false;
    const timer = setTimeout(() => {
      stalled = true;
      onStall();
    }, stalledMs);
    try {
      yield message;
    } finally {
      clearTimeout(timer);
    }
    if (stalled) throw error();
  }
}
