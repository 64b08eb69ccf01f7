/** How long a text is as the server counts it: in bytes of UTF-8. */
export const textBytes = (text: string): number => new TextEncoder().encode(text).length;
