/**
 * The sentences in Arabic that count something, each in the six forms that numbers have in that language.
 */
import type { CountedKey, Sentences } from "./sentences.js";

export const arabicCounted: Pick<Sentences, CountedKey> = {
  "connection.retryIn": {
    zero: "المحاولة التالية الآن.",
    one: "المحاولة التالية بعد ثانية واحدة.",
    two: "المحاولة التالية بعد ثانيتين.",
    few: "المحاولة التالية بعد {count} ثوانٍ.",
    many: "المحاولة التالية بعد {count} ثانية.",
    other: "المحاولة التالية بعد {count} ثانية.",
  },
  "chats.unread": {
    zero: "لا رسائل غير مقروءة",
    one: "رسالة واحدة غير مقروءة",
    two: "رسالتان غير مقروءتين",
    few: "{count} رسائل غير مقروءة",
    many: "{count} رسالة غير مقروءة",
    other: "{count} رسالة غير مقروءة",
  },
  "new.selected": {
    zero: "لم يتم اختيار أحد",
    one: "تم اختيار شخص واحد",
    two: "تم اختيار شخصين",
    few: "تم اختيار {count} أشخاص",
    many: "تم اختيار {count} شخصًا",
    other: "تم اختيار {count} شخص",
  },
  "chat.members": {
    zero: "لا أعضاء",
    one: "عضو واحد",
    two: "عضوان",
    few: "{count} أعضاء",
    many: "{count} عضوًا",
    other: "{count} عضو",
  },
  "chat.toLatestCount": {
    zero: "انتقال إلى الأحدث",
    one: "انتقال إلى الأحدث، رسالة غير مقروءة",
    two: "انتقال إلى الأحدث، رسالتان غير مقروءتين",
    few: "انتقال إلى الأحدث، {count} رسائل غير مقروءة",
    many: "انتقال إلى الأحدث، {count} رسالة غير مقروءة",
    other: "انتقال إلى الأحدث، {count} رسالة غير مقروءة",
  },
  "chat.typing": {
    zero: "كتابة جارية…",
    one: "جارٍ الكتابة: {names}…",
    two: "جارٍ الكتابة: {names}…",
    few: "جارٍ الكتابة: {names}…",
    many: "جارٍ الكتابة: {names}…",
    other: "جارٍ الكتابة: {names}…",
  },
  "chat.announceMany": {
    zero: "لا رسائل جديدة",
    one: "رسالة جديدة",
    two: "رسالتان جديدتان",
    few: "{count} رسائل جديدة",
    many: "{count} رسالة جديدة",
    other: "{count} رسالة جديدة",
  },
  "message.reaction": {
    zero: "لا أحد",
    one: "شخص واحد",
    two: "شخصان",
    few: "{count} أشخاص",
    many: "{count} شخصًا",
    other: "{count} شخص",
  },
  "message.reactionOwn": {
    zero: "لا أحد",
    one: "أنت",
    two: "شخصان، أنت منهما",
    few: "{count} أشخاص، أنت منهم",
    many: "{count} شخصًا، أنت منهم",
    other: "{count} شخص، أنت منهم",
  },
};
