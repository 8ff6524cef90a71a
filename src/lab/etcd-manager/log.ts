/**
 * Lines in klog's form, as they stand in `/var/log/etcd.log`. The double's stdout and stderr are that file.
 * `I1122 13:02:05.000001   4711 controller.go:1] text`
 */
function line(level: 'I' | 'W' | 'F', text: string): void {
  const now = new Date()
  const day = `${pad(now.getUTCMonth() + 1)}${pad(now.getUTCDate())}`
  const time = `${now.toISOString().slice(11, 23)}000`
  process.stdout.write(`${level}${day} ${time} ${String(process.pid).padStart(7)} controller.go:1] ${text}\n`)
}

const pad = (n: number): string => String(n).padStart(2, '0')

export const info = (text: string): void => line('I', text)
export const warning = (text: string): void => line('W', text)
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
