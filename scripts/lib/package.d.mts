export function packageAsInstalled(): Promise<string>
