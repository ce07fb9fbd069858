import { words } from '../../lib/i18n/words';

export default words({
  en: { title: 'More', pages: 'All pages' },
  ko: { title: '더 보기', pages: '모든 페이지' },
});
