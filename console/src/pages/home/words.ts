import { words } from '../../lib/i18n/index.svelte';

export default words({
  en: { title: 'Home', blocks: (height: string) => `Block ${height} is final.` },
  ko: { title: '홈', blocks: (height: string) => `블록 ${height}이 확정되었습니다.` },
});
